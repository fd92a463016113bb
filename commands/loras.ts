import { BadInputError } from '../src/errors.ts';
import { abridge } from './limits.ts';
import { splitNames } from './name-list.ts';

export interface LoraUse {
  readonly name: string;
  /** 1 is as it was trained. */
  readonly weight: number;
}

const MAX_LORAS = 8;
const MAX_WEIGHT = 4;
/** A weight may be left out. */
const LORA = /^([^<>:]{1,120})(?::([+-]?\d+(?:\.\d+)?))?$/;

/**
 * `ink:0.8, chalk`.
 * @param known names that there are; one with a comma in it is read whole
 * @throws BadInputError
 */
export function readLoras(typed: string, known: readonly string[]): LoraUse[] {
  const entries = splitNames(typed, known);
  if (entries.length > MAX_LORAS) {
    throw new BadInputError('too_many_loras', `${entries.length} LoRAs are too many; ${MAX_LORAS} is the most.`);
  }
  return entries.map(readLora);
}

/** Written into the prompt, where the engine reads it, so that the recipe holds it. */
export function addLoras(prompt: string, loras: readonly LoraUse[]): string {
  return [prompt, ...loras.map(({ name, weight }) => `<lora:${name}:${weight}>`)].join(' ');
}

function readLora(entry: string): LoraUse {
  const [, name, weight = '1'] = LORA.exec(entry) ?? [];
  if (name === undefined || Math.abs(Number(weight)) > MAX_WEIGHT) {
    throw new BadInputError(
      'bad_lora',
      `\`${abridge(entry)}\` is not a LoRA; write its name and a weight from -${MAX_WEIGHT} to ${MAX_WEIGHT}, such as \`ink:0.8\`.`,
    );
  }
  return { name: name.trim(), weight: Number(weight) };
}
