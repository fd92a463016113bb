import { createHash } from 'node:crypto';
import type { Picture } from '../../engine/index.ts';
import { taskWith } from './samples.ts';

const COUNT = 4;
const SIDE = 128;

/** Pictures whose bytes follow from the job's id, each of another size. */
export function picturesOf(jobId: string): readonly Picture[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const [byte = 0, value = 0] = createHash('sha256').update(`${jobId} ${index}`).digest();
    return {
      width: SIDE,
      height: SIDE,
      rgb: new Uint8Array(SIDE * SIDE * (index + 1)).fill(byte),
      recipe: taskWith(),
      latents: { shape: [4, SIDE, SIDE], data: new Float32Array(4 * SIDE * SIDE).fill(value) },
    };
  });
}
