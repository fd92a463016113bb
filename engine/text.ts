import type { Conditioning, WeightedConditioning } from './denoiser.ts';
import type { Networks } from './networks.ts';
import { needsNegative, partsOf } from './prompt/composition.ts';
import { wordsPastLimit } from './prompt/conditioning.ts';
import { readLoraTags } from './prompt/lora-tags.ts';
import { promptStages } from './prompt/schedule.ts';
import type { GenerationSpec, TextReading } from './types.ts';

const MAX_TAG_NOTES = 3;

/** What the UNet is told of a picture. */
export interface Text {
  /** A part each of the prompts that AND joins. */
  readonly positive: readonly WeightedConditioning[];
  /** Of no account without guidance. */
  readonly negative: Conditioning;
  /** What the person should know of how the prompts were read, a sentence each. */
  readonly notes: readonly string[];
}

/** @param beforeText is awaited before each text that CLIP reads; what it throws ends the work */
export async function encodeTexts(
  networks: Networks,
  spec: GenerationSpec,
  beforeText: () => Promise<void>,
): Promise<Text> {
  const reading: TextReading = { syntax: spec.syntax ?? 'a1111', clipSkip: spec.clipSkip ?? 1 };
  const encode = (prompt: string) => encodeStages(networks, prompt, spec.steps, reading, beforeText);
  const positive: WeightedConditioning[] = [];
  for (const { text, weight } of partsOf(spec)) positive.push({ conditioning: await encode(text), weight });
  const prompt = readLoraTags(spec.prompt).text;
  const notes = [...tagNotes(spec), ...lossOf(networks, { prompt }, reading)];
  if (!needsNegative(spec.guidance, positive.length)) return { positive, negative: [], notes };
  const negative = await encode(spec.negative);
  return { positive, negative, notes: [...notes, ...lossOf(networks, { 'negative prompt': spec.negative }, reading)] };
}

/** Tags that are read as words, which may not be what was meant. */
function tagNotes({ prompt, negative }: GenerationSpec): string[] {
  const inNegative = readLoraTags(negative);
  const { unknown } = readLoraTags(prompt);
  const hasLoras = inNegative.loras.length + inNegative.faults.length > 0;
  return [
    ...unknown.slice(0, MAX_TAG_NOTES).map((tag) => `Easel does not know the tag ${tag}; it was read as words.`),
    ...(hasLoras ? ['A LoRA counts in the prompt only; its tag in the negative prompt was read as words.'] : []),
  ];
}

async function encodeStages(
  networks: Networks,
  prompt: string,
  steps: number,
  reading: TextReading,
  beforeText: () => Promise<void>,
): Promise<Conditioning> {
  const stages = reading.syntax === 'a1111' ? promptStages(prompt, steps) : [{ endStep: steps, text: prompt }];
  const encoded = new Map<string, Float32Array>();
  for (const { text } of stages) {
    if (encoded.has(text)) continue;
    await beforeText();
    encoded.set(text, await networks.encodeText(text, reading));
  }
  return stages.map(({ endStep, text }) => ({ endStep, context: encoded.get(text) ?? new Float32Array() }));
}

function lossOf(networks: Networks, texts: Readonly<Record<string, string>>, { syntax }: TextReading): string[] {
  if (syntax !== 'plain') return [];
  return Object.entries(texts).flatMap(([what, text]) => {
    const lost = wordsPastLimit(text, networks.tokens);
    return lost === '' ? [] : [`The ${what} is longer than the model reads; left out: ${lost}`];
  });
}
