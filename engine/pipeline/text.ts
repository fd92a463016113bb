import type { GenerationSpec } from '../generation-spec.ts';
import { readLoraTags } from '../lora/lora-tags.ts';
import type { Networks } from '../networks/networks.ts';
import type { EncodedChunk } from '../networks/text-encoders.ts';
import type { PromptChunk } from '../prompt/chunks.ts';
import { wordsPastLimit } from '../prompt/conditioning.ts';
import { readPrompts } from '../prompt/read-prompts.ts';
import { type ChunkedStages, chunkPrompts } from '../prompt/text-load.ts';
import type { Conditioning, TextContext, WeightedConditioning } from './denoiser.ts';

const MAX_TAG_NOTES = 3;

/** What the UNet is told of a picture. */
export interface EncodedPrompts {
  /** A part each of the prompts that AND joins. */
  readonly positive: readonly WeightedConditioning[];
  /** Of no account without guidance. */
  readonly negative: Conditioning;
  /** What the person should know of how the prompts were read, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Each different chunk of the prompts is encoded once, whatever the number of steps that need it.
 * @param beforeChunk is awaited before each chunk that CLIP reads; what it throws ends the work
 * @throws EngineError `bad_request` for prompts beyond the bounds of `chunkPrompts`
 */
export async function encodePrompts(
  networks: Networks,
  spec: GenerationSpec,
  beforeChunk: () => Promise<void>,
): Promise<EncodedPrompts> {
  const encoded = new Map<PromptChunk, EncodedChunk>();
  async function encode(stages: ChunkedStages): Promise<Conditioning> {
    for (const chunk of new Set(stages.flatMap(({ chunks }) => chunks))) {
      if (encoded.has(chunk)) continue;
      await beforeChunk();
      encoded.set(chunk, await networks.encodeChunk(chunk, spec.clipSkip ?? 1));
    }
    return stages.map(({ endStep, chunks }) => ({
      endStep,
      context: contextOf(chunks.flatMap((chunk) => encoded.get(chunk) ?? [])),
    }));
  }
  const { parts, negative = [] } = await chunkPrompts(readPrompts(spec), networks.tokens);
  const positive: WeightedConditioning[] = [];
  for (const { stages, weight } of parts) positive.push({ conditioning: await encode(stages), weight });
  const [first] = encoded.values();
  const isZero = networks.model.zeroesEmptyNegative && spec.negative === '' && first !== undefined;
  return {
    positive,
    negative: isZero && negative.length > 0 ? zeroed(first, spec.steps) : await encode(negative),
    notes: [...tagNotes(spec), ...lossOf(networks, spec)],
  };
}

/** The first chunk's vector stands for the prompt, as AUTOMATIC1111 and ComfyUI have it. */
function contextOf(chunks: readonly EncodedChunk[]): TextContext {
  return { chunks: chunks.map(({ states }) => states), pooled: chunks[0]?.pooled };
}

/** One chunk of zeros, of the size of another. */
function zeroed({ states, pooled }: EncodedChunk, endStep: number): Conditioning {
  const context = {
    chunks: [new Float32Array(states.length)],
    pooled: pooled && new Float32Array(pooled.length),
  };
  return [{ endStep, context }];
}

/** Tags that are read as words, which may not be what was meant. */
function tagNotes({ prompt, negative }: GenerationSpec): string[] {
  const inNegative = readLoraTags(negative);
  const { unknown } = readLoraTags(prompt);
  const hasLoras = inNegative.loras.length + inNegative.faults.length > 0;
  return [
    ...unknown.slice(0, MAX_TAG_NOTES).map((tag) => `Easel does not know the tag ${tag}; it was read as text.`),
    ...(hasLoras ? ['A LoRA works in the prompt only; its tag in the negative prompt was read as text.'] : []),
  ];
}

function lossOf(networks: Networks, { prompt, negative, guidance, syntax }: GenerationSpec): string[] {
  if (syntax !== 'plain') return [];
  const texts = { prompt: readLoraTags(prompt).text, ...(guidance > 1 && { 'negative prompt': negative }) };
  return Object.entries(texts).flatMap(([what, text]) => {
    const lost = wordsPastLimit(text, networks.tokens);
    return lost === '' ? [] : [`The ${what} is longer than the model reads; skipped: ${lost}`];
  });
}
