import { formatLoraTag, type LoraTag, readLoraTags } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { shorten } from '../parsing/limits.ts';
import { splitNames } from '../parsing/name-list.ts';

const MAX_LORAS = 8;
const MAX_NAME_LENGTH = 120;
/** The limit of both strengths; 1 is the strength the LoRA was trained at. */
const MAX_STRENGTH = 4;

/**
 * `ink:0.8, chalk, wash:0.8:0.5`: a name and, where they are given, its strength, or those of the text encoder and of
 * the UNet; by the grammar of the tags in a prompt.
 * @param known names that there are; one with a comma in it is read whole
 * @throws BadInputError
 */
export function readLoras(typed: string, known: readonly string[]): LoraTag[] {
  const entries = splitNames(typed, known);
  if (entries.length > MAX_LORAS) {
    throw new BadInputError('too_many_loras', `${entries.length} LoRAs are too many; the limit is ${MAX_LORAS}.`);
  }
  return entries.map(readLora);
}

/** Written into the prompt, where the engine reads it, so that the recipe holds it. */
export function addLoras(prompt: string, loras: readonly LoraTag[]): string {
  return [prompt, ...loras.map(formatLoraTag)].join(' ');
}

function readLora(entry: string): LoraTag {
  const { text, loras } = readLoraTags(`<lora:${entry}>`);
  const [lora] = loras;
  if (lora !== undefined && loras.length === 1 && text === '' && isSensible(lora)) return lora;
  throw new BadInputError(
    'bad_lora',
    `\`${shorten(entry)}\` is not a LoRA; write its name and a weight from -${MAX_STRENGTH} to ${MAX_STRENGTH}, such as \`ink:0.8\`.`,
  );
}

function isSensible({ name, strengths: { textEncoder, unet } }: LoraTag): boolean {
  return name.length <= MAX_NAME_LENGTH && [textEncoder, unet].every((one) => Math.abs(one) <= MAX_STRENGTH);
}
