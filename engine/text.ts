import type { Conditioning } from './denoiser.ts';
import type { Networks } from './networks.ts';
import { wordsPastLimit } from './prompt/conditioning.ts';
import { readLoraTags } from './prompt/lora-tags.ts';
import { promptStages } from './prompt/schedule.ts';
import type { GenerationSpec, TextReading } from './types.ts';

/** What the UNet is told of a picture. */
export interface Text {
  readonly positive: Conditioning;
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
  const prompt = readLoraTags(spec.prompt).text;
  const positive = await encode(prompt);
  if (spec.guidance <= 1) return { positive, negative: positive, notes: lossOf(networks, { prompt }, reading) };
  const texts = { prompt, 'negative prompt': spec.negative };
  return { positive, negative: await encode(spec.negative), notes: lossOf(networks, texts, reading) };
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
