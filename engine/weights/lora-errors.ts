import { basename, dirname } from 'node:path';
import { EngineError } from '../errors.ts';

/** The refusal of a LoRA. @param what is wrong with it and what to do, after its name */
export function unfitLora(file: string, what: string): EngineError {
  return new EngineError('unsupported_model', `The LoRA ${loraTitle(file)} ${what}`, { file });
}

/** Names that a library gives to every LoRA: the folder is what tells them apart. */
const COMMON_NAME = /^(adapter_model|pytorch_lora_weights)\.\w+$/i;

/** What people call the file: its name, or where that is everyone's, its folder's before it. */
export function loraTitle(file: string): string {
  const name = basename(file);
  return hasCommonName(file) ? `${basename(dirname(file))}/${name}` : name;
}

/** Whether a library names all its files so: the folder's name says more. */
export function hasCommonName(file: string): boolean {
  return COMMON_NAME.test(basename(file));
}
