import type { Conditioning } from './denoiser.ts';
import type { Networks } from './networks.ts';
import type { PromptChunk } from './prompt/chunks.ts';
import { wordsPastLimit } from './prompt/conditioning.ts';
import { readLoraTags } from './prompt/lora-tags.ts';
import { readPrompts } from './prompt/reading.ts';
import { type ChunkedStages, chunkPrompts } from './prompt/text-load.ts';
import type { GenerationSpec } from './types.ts';

/** What the UNet is told of a picture. */
export interface Text {
  readonly positive: Conditioning;
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
export async function encodeTexts(
  networks: Networks,
  spec: GenerationSpec,
  beforeChunk: () => Promise<void>,
): Promise<Text> {
  const encoded = new Map<PromptChunk, Float32Array>();
  async function encode(stages: ChunkedStages): Promise<Conditioning> {
    for (const chunk of new Set(stages.flatMap(({ chunks }) => chunks))) {
      if (encoded.has(chunk)) continue;
      await beforeChunk();
      encoded.set(chunk, await networks.encodeChunk(chunk, spec.clipSkip ?? 1));
    }
    return stages.map(({ endStep, chunks }) => ({
      endStep,
      context: chunks.flatMap((chunk) => encoded.get(chunk) ?? []),
    }));
  }
  const { positive, negative } = await chunkPrompts(readPrompts(spec), networks.tokens);
  const conditioning = await encode(positive);
  return {
    positive: conditioning,
    negative: negative === undefined ? conditioning : await encode(negative),
    notes: lossOf(networks, spec),
  };
}

function lossOf(networks: Networks, { prompt, negative, guidance, syntax }: GenerationSpec): string[] {
  if (syntax !== 'plain') return [];
  const texts = { prompt: readLoraTags(prompt).text, ...(guidance > 1 && { 'negative prompt': negative }) };
  return Object.entries(texts).flatMap(([what, text]) => {
    const lost = wordsPastLimit(text, networks.tokens);
    return lost === '' ? [] : [`The ${what} is longer than the model reads; left out: ${lost}`];
  });
}
