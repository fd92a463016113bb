import { EngineError } from '../errors.ts';
import type { LoraTag } from '../prompt/lora-tags.ts';
import type { AppliedLora } from './adapter.ts';
import { readLora } from './lora.ts';

/** Far beyond what any LoRA is made for, and far below what single precision holds. */
const MAX_STRENGTH = 100;

/**
 * The LoRAs that a prompt names. What is asked for with strength 0 in both networks is left out.
 * @param files by name
 * @throws EngineError `bad_request` for a name that is not there, or a strength beyond all use
 */
export async function openLoras(
  tags: readonly LoraTag[],
  files: ReadonlyMap<string, string>,
): Promise<readonly AppliedLora[]> {
  const applied: AppliedLora[] = [];
  for (const { name, strengths } of tags) {
    const both = [strengths.textEncoder, strengths.unet];
    const file = files.get(name);
    if (file === undefined) throw unknownLora(name, [...files.keys()]);
    if (!both.every((strength) => Math.abs(strength) <= MAX_STRENGTH)) {
      const sentence = `The weight of the LoRA "${name}" must be from -${MAX_STRENGTH} to ${MAX_STRENGTH}; try <lora:${name}:1>.`;
      throw new EngineError('bad_request', sentence, { lora: name });
    }
    if (both.some((strength) => strength !== 0)) applied.push({ lora: await readLora(file), strengths });
  }
  return applied;
}

function unknownLora(name: string, known: readonly string[]): EngineError {
  const advice =
    known.length === 0
      ? 'put its .safetensors file into a folder "Lora" beside the model'
      : `use one of ${known.join(', ')}`;
  return new EngineError('bad_request', `There is no LoRA "${name}"; ${advice}.`, { lora: name });
}
