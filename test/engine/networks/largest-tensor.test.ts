import { describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { inParts, rowsOf } from '../../../engine/networks/in-parts.ts';
import { LargestTensor } from '../../../engine/networks/largest-tensor.ts';
import { unetBytesPerRow, vaeBytes } from '../../../engine/networks/normalised-sizes.ts';
import type { UnetCall } from '../../../engine/networks/unet-call.ts';
import { tinyModel } from '../goldens.ts';

const MIB = 2 ** 20;

/** An adapter whose largest binding has so many bytes. */
const adapter = (limit: number) => {
  const asked: number[] = [];
  const check = async (bytes: number) => {
    asked.push(bytes);
    return bytes <= limit;
  };
  return { asked, tensors: new LargestTensor(check) };
};

describe('the largest tensor that a driver binds whole', () => {
  test('is 128 MB without a question: WebGPU guarantees that', async () => {
    const { asked, tensors } = adapter(128 * MIB);
    expect(await tensors.rows(8, 16 * MIB)).toBe(8);
    expect(asked).toEqual([]);
  });

  test.each([
    { limit: 128, rows: 2 },
    { limit: 256, rows: 4 },
    { limit: 1024, rows: 16 },
  ])('of $limit MB lets $rows of 16 rows of 60 MB through at a time', async ({ limit, rows }) => {
    const { asked, tensors } = adapter(limit * MIB);
    expect(await tensors.rows(16, 60 * MIB)).toBe(rows);
    const before = asked.length;
    expect(await tensors.rows(16, 60 * MIB)).toBe(rows);
    expect(asked).toHaveLength(before);
  });

  test('refuses a size of which not one row fits, with a sentence that says what to do', async () => {
    const { tensors } = adapter(256 * MIB);
    await expect(tensors.rows(4, 537e6)).rejects.toMatchObject({
      code: 'out_of_memory',
      message:
        'This size is too large for the GPU: one step needs a buffer of 537 MB, more than the driver allows; try a smaller one. The CPU has no such limit (EASEL_PROVIDER=cpu).',
    });
    expect(await tensors.rows(4, 64 * MIB)).toBe(4);
  });
});

/** A call of a Stable Diffusion 1 at 512×512. */
function callOf(batch: number, keyStride = 1): UnetCall {
  const row = (size: number) => Float32Array.from({ length: batch * size }, (_, i) => Math.floor(i / size));
  return {
    ...{ batch, keyStride, shape: [4, 64, 64], timesteps: row(1) },
    sample: row(4 * 64 * 64),
    context: row(77 * 768),
    addition: { pooled: row(8), sizeIds: row(6) },
  };
}

test('What a UNet and a VAE normalise is counted as their graphs are written.', async () => {
  const { unet, vae } = await readModelFolder(tinyModel('tiny-linear'));
  const config = {
    ...unet,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'] as const,
    ...{ block_out_channels: [320, 640, 1280], heads: [8, 8, 8], cross_attention_dim: 768 },
  } as unknown as typeof unet;
  const fused = { precision: 'float32', attention: 'fused' } as const;
  const plain = { precision: 'float16', attention: 'plain' } as const;
  expect(unetBytesPerRow(config, fused, callOf(2))).toBe(64 * 64 * 320 * 4);
  expect(unetBytesPerRow(config, plain, callOf(2))).toBe(8 * 4096 * 4096 * 2);
  expect(unetBytesPerRow(config, plain, callOf(2, 2))).toBe(8 * 4096 * 1024 * 2);
  expect(unetBytesPerRow({ ...config, upcast_attention: true }, plain, callOf(2))).toBe(8 * 4096 * 4096 * 4);
  expect(vaeBytes({ ...vae, mid_block_add_attention: true }, plain, 64, 64)).toBe(4096 * 4096 * 2);
  expect(vaeBytes({ ...vae, mid_block_add_attention: true }, fused, 64, 64)).toBe(0);
});

describe('a call in parts', () => {
  test.each([
    { most: 2, parts: [2, 2, 1] },
    { most: 5, parts: [5] },
    { most: 8, parts: [5] },
  ])('of at most $most rows gives every row once and in order', async ({ most, parts }) => {
    const seen: number[] = [];
    const call = callOf(5);
    const [first, second] = await inParts(call, most, async (part, from) => {
      seen.push(part.batch);
      expect([part.sample, part.context].map((values) => values[0])).toEqual([from, from]);
      expect(part.addition?.sizeIds).toHaveLength(6 * part.batch);
      return [part.sample, rowsOf(call.timesteps, 5, from, part.batch)];
    });
    expect(seen).toEqual(parts);
    expect(first).toEqual(call.sample);
    expect(second).toEqual(call.timesteps);
  });
});
