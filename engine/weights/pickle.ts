import { basename, extname } from 'node:path';
import { EngineError } from '../errors.ts';

/** The endings that PyTorch's pickled files bear. */
export const PICKLE_ENDINGS = ['.ckpt', '.pt', '.pth', '.bin', '.pkl'] as const;

/** Whether a file of this name is a pickle, which can run code when it is read. */
export function hasPickleName(path: string): boolean {
  const ending = extname(path).toLowerCase();
  return PICKLE_ENDINGS.some((known) => known === ending);
}

/** @throws EngineError `unsupported_model` when the name is that of a pickle file. */
export function refusePickleName(path: string): void {
  if (hasPickleName(path)) throw pickleError(path);
}

/** Pickles by any name: torch writes a zip archive, older versions a bare pickle of protocol 2 and up. */
export function looksPickled(start: Uint8Array): boolean {
  const zip = start[0] === 0x50 && start[1] === 0x4b && start[2] === 0x03 && start[3] === 0x04;
  // A safetensors header of an unlucky length begins with the same two bytes, but its last length byte is 0.
  const pickle = start[0] === 0x80 && (start[1] ?? 0) >= 2 && (start[1] ?? 0) <= 5 && start.at(7) !== 0;
  return zip || pickle;
}

/** Pickles are refused by name. */
export function pickleError(path: string): EngineError {
  return new EngineError(
    'unsupported_model',
    `${basename(path)} is a pickle file, which can run code when it is opened; use the same weights as .safetensors.`,
    { file: path },
  );
}
