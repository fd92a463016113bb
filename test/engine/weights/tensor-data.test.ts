import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { readTensor } from '../../../engine/weights/tensor-data.ts';
import { encodeSafetensors } from '../model/checkpoint-file.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-tensor-'));
});
afterAll(() => rm(root, { recursive: true }));

async function numbers(dtype: string, bytes: Uint8Array): Promise<number[]> {
  const file = join(root, 'a.safetensors');
  const shape = [bytes.length / (dtype === 'F32' ? 4 : 2)];
  // The odd length before it puts the tensor where no typed array could be laid.
  const before = { dtype: 'U8', shape: [3], bytes: new Uint8Array(3) };
  await writeFile(
    file,
    encodeSafetensors(
      new Map([
        ['before', before],
        ['a', { dtype, shape, bytes }],
      ]),
    ),
  );
  const ref = (await readSafetensors(file)).get('a');
  return ref === undefined ? [] : [...(await readTensor(ref))];
}

const halves = (...bits: number[]) => new Uint8Array(Uint16Array.from(bits).buffer);

test('half-precision numbers are widened exactly', async () => {
  const bits = [0x0000, 0x8000, 0x3c00, 0xbc00, 0x3555, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x7e00];
  const third = 0.333251953125;
  const values = [0, -0, 1, -1, third, 65_504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, Infinity, -Infinity, Number.NaN];
  expect(await numbers('F16', halves(...bits))).toEqual(values);
});

test('bfloat16 numbers are widened exactly', async () => {
  expect(await numbers('BF16', halves(0x3f80, 0xc049, 0x0000, 0x7f80))).toEqual([1, -3.140625, 0, Infinity]);
});

test('single-precision numbers are read as they are', async () => {
  expect(await numbers('F32', new Uint8Array(Float32Array.of(1.5, -2e-30).buffer))).toEqual([1.5, Math.fround(-2e-30)]);
});
