import { EngineError } from '../errors.ts';
import { adviseName, shorten } from '../suggest-names.ts';
import type { AppliedLora } from './adapter.ts';
import { findLora, type LoraNames } from './find-lora.ts';
import { type LoraTarget, readLora } from './lora.ts';
import type { LoraTag } from './lora-tags.ts';

/** Far beyond what any LoRA is made for, and far below what single precision holds. */
const MAX_STRENGTH = 100;

/**
 * The LoRAs that a prompt names. What is asked for with strength 0 in both networks is left out.
 * @param known those that there are
 * @param target of the model that they are for
 * @throws EngineError `bad_request` for a name that is not there, or a strength beyond all use
 */
export async function openLoras(
  tags: readonly LoraTag[],
  known: LoraNames,
  target: LoraTarget,
): Promise<readonly AppliedLora[]> {
  const applied: AppliedLora[] = [];
  for (const { name, strengths } of tags) {
    const both = [strengths.textEncoder, strengths.unet];
    const file = await findLora(name, known);
    if (file === undefined) throw unknownLora(name, [...known.loras.keys()]);
    if (!both.every((strength) => Math.abs(strength) <= MAX_STRENGTH)) {
      const sentence = `The weight of the LoRA "${shorten(name)}" must be from -${MAX_STRENGTH} to ${MAX_STRENGTH}; try <lora:${shorten(name)}:1>.`;
      throw new EngineError('bad_request', sentence, { lora: name });
    }
    if (both.some((strength) => strength !== 0)) applied.push({ lora: await readLora(file, target), strengths });
  }
  return applied;
}

function unknownLora(name: string, known: readonly string[]): EngineError {
  const advice =
    known.length === 0 ? 'put its .safetensors file into a folder "Lora" beside the model' : adviseName(name, known);
  return new EngineError('bad_request', `There is no LoRA "${shorten(name)}"; ${advice}.`, { lora: name });
}
