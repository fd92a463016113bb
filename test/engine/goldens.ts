import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../engine/weights/safetensors.ts';

/** Fixtures made by diffusers; `tools/golden/README.md` says how and with which versions. */
const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

export function tinyModel(name: string): string {
  return join(FIXTURES, 'models', name);
}

export const TINY_MODELS = ['tiny-conv', 'tiny-linear', 'tiny-half'] as const;

/** The description of a set of goldens, its shape asserted by the caller's type. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, 'golden', `${name}.json`), 'utf8')) as T;
}

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly floats: Float32Array;
  readonly bytes: Uint8Array;
}

export async function goldenTensors(name: string): Promise<(key: string) => GoldenTensor> {
  const path = join(FIXTURES, 'golden', `${name}.safetensors`);
  const index = await readSafetensors(path);
  const file = readFileSync(path);
  return (key) => {
    const ref = index.get(key);
    if (ref === undefined) throw new Error(`no golden tensor ${key} in ${name}`);
    const bytes = new Uint8Array(file.subarray(ref.offset, ref.offset + ref.length));
    const floats = ref.dtype === 'F32' ? new Float32Array(bytes.buffer) : new Float32Array();
    return { shape: ref.shape, floats, bytes };
  };
}

/** The largest difference, as a share of the largest magnitude expected. NaN when the lengths differ. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.NaN;
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    const error = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? 0));
    if (Number.isNaN(error)) return Number.NaN;
    difference = Math.max(difference, error);
    magnitude = Math.max(magnitude, Math.abs(expected[i] ?? 0));
  }
  return difference / magnitude;
}
