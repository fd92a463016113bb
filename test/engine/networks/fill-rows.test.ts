import { describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { RowFiller } from '../../../engine/networks/fill-rows.ts';
import { openNetworks } from '../../../engine/networks/networks.ts';
import type { UnetCall } from '../../../engine/networks/unet-call.ts';
import { familyModel } from '../model/family-checkpoint.ts';

const numbers = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + i * i * 0.7));

function callOf(batch: number): UnetCall {
  return {
    batch,
    sample: numbers(batch * 4 * 64, 1),
    shape: [4, 8, 8],
    timesteps: Float32Array.from({ length: batch }, (_, i) => 500 + i),
    context: numbers(batch * 77 * 56, 2),
    addition: { pooled: numbers(batch * 20, 3), sizeIds: numbers(batch * 6, 4) },
  };
}

describe('a call of the UNet', () => {
  test.each([
    [1, 1],
    [3, 4],
    [5, 8],
    [8, 8],
    [20, 20],
  ])('of %d rows is filled up to %d', (batch, filled) => {
    const call = new RowFiller([1, 2, 4, 8, 16]).fill(callOf(batch));
    expect(call.batch).toBe(filled);
    expect(call.sample).toHaveLength(filled * 4 * 64);
    expect([...call.timesteps].slice(batch)).toEqual(new Array(filled - batch).fill(499 + batch));
  });

  test('keeps the rows of those before it, until several in a row needed fewer', () => {
    const filler = new RowFiller([1, 2, 4, 8, 16]);
    const rows = (...batches: number[]) => batches.map((batch) => filler.fill(callOf(batch)).batch);
    expect(rows(2, 4, 2, 4, 2)).toEqual([2, 4, 4, 4, 4]);
    expect(rows(8, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2)).toEqual([...new Array(9).fill(8), 4, 4]);
    // What is larger than all of them stays as it is, and changes nothing.
    expect(rows(20, 3)).toEqual([20, 4]);
  });

  test('of another size begins anew', () => {
    const filler = new RowFiller([1, 2, 4, 8]);
    expect(filler.fill(callOf(8)).batch).toBe(8);
    const other = { ...callOf(2), sample: numbers(2 * 4 * 16, 1), shape: [4, 4, 4] } as const;
    expect(filler.fill(other).batch).toBe(2);
  });

  test('that is filled up gives the rows that it would have given', async () => {
    const model = await readModelFolder(familyModel('tiny-xl'));
    const options = { provider: 'cpu', threads: 1 } as const;
    const [plain, filling] = [
      await openNetworks(model, options),
      await openNetworks(model, { ...options, rowCounts: [1, 2, 4, 8] }),
    ];
    const call = callOf(3);
    const [expected, actual] = [await plain.predictAndKeep(call), await filling.predictAndKeep(call)];
    expect(actual.prediction).toHaveLength(expected.prediction.length);
    expect(actual.deep).toHaveLength(expected.deep.length);
    for (const [i, value] of expected.prediction.entries()) expect(actual.prediction[i]).toBeCloseTo(value, 5);
    await Promise.all([plain.close(), filling.close()]);
  });
});
