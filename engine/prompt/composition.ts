import type { GenerationSpec } from '../generation-spec.ts';
import { readLoraTags } from '../lora/lora-tags.ts';

/** One of the prompts that AND joins. */
export interface PromptPart {
  readonly text: string;
  readonly weight: number;
}

/** Each part costs a prediction of the UNet at every step. */
export const MAX_PARTS = 8;
/** Far beyond what still draws a picture. */
export const MAX_PART_WEIGHT = 100;

const AND = /(?<![\p{L}\p{N}_])AND(?![\p{L}\p{N}_])/u;
const WEIGHT = /^\s*([+-]?(?:\d+\.?|\d*\.\d+))\s*$/;

/**
 * The prompts that AND joins, each with the weight behind its last colon: `a cat AND a dog :1.2` (AUTOMATIC1111,
 * modules/prompt_parser.py, get_multicond_prompt_list; Liu et al. 2022). Never empty. A prompt without AND is one part
 * of weight 1 as it stands: there AUTOMATIC1111 reads a number behind a colon, too, which "a clock at 12:30" does not mean.
 * @param prompt without its tags
 */
export function promptParts(prompt: string): readonly PromptPart[] {
  const texts = prompt.split(AND);
  return texts.length === 1 ? [{ text: prompt, weight: 1 }] : texts.map(readPart);
}

/** The parts that a request is drawn from: `plain` prompts have one. */
export function partsOf({ prompt, syntax }: Pick<GenerationSpec, 'prompt' | 'syntax'>): readonly PromptPart[] {
  const { text } = readLoraTags(prompt);
  return syntax === 'plain' ? [{ text, weight: 1 }] : promptParts(text);
}

/** Whether the negative prompt is predicted as well: with guidance above 1, and always for a prompt of several parts. */
export function needsNegative(guidance: number, parts: number): boolean {
  return guidance > 1 || parts > 1;
}

/** Rows of the UNet that one picture takes at each call. */
export function rowsPerPicture(spec: Pick<GenerationSpec, 'prompt' | 'syntax' | 'guidance'>): number {
  // Asked of every job that waits, again and again: most prompts need no reading.
  const parts = spec.prompt.includes('AND') ? partsOf(spec).length : 1;
  return parts + (needsNegative(spec.guidance, parts) ? 1 : 0);
}

function readPart(text: string): PromptPart {
  const colon = text.lastIndexOf(':');
  const weight = colon === -1 ? undefined : WEIGHT.exec(text.slice(colon + 1))?.[1];
  const end = weight === undefined ? text.length : colon;
  return { text: text.slice(0, end).trimEnd(), weight: Number(weight ?? 1) };
}
