import { expect, test } from 'vitest';
import { quantise } from '../../../engine/int8/quantise.ts';

test('the largest weight of each output channel becomes 127, and every weight is at most half a step off', () => {
  const weights = Float32Array.of(1.01, -2, 0.49, 0.0101, 0.02, -0.005);
  const { matrix, scales } = quantise(weights, 2, 3, 1);
  expect([...matrix]).toEqual([64, 64, -127, 127, 31, -32]);
  expect(scales[0]).toBeCloseTo(2 / 127, 8);
  expect(scales[1]).toBeCloseTo(0.02 / 127, 8);
  for (const [n, row] of [weights.subarray(0, 3), weights.subarray(3)].entries()) {
    const scale = scales[n] ?? 0;
    for (const [k, weight] of row.entries()) {
      expect(Math.abs((matrix[2 * k + n] ?? 0) * scale - weight)).toBeLessThanOrEqual(0.5001 * scale);
    }
  }
});

test('a channel of zeros stays zero', () => {
  const { matrix, scales } = quantise(Float32Array.of(0, 0, 3, 1), 2, 2, 1);
  expect([...matrix]).toEqual([0, 127, 0, 42]);
  expect(scales[0]).toBe(1);
});

test('a convolution is laid out as its patches: kernel row, kernel column, channel', () => {
  const [outputs, channels, kernel] = [40, 3, 3];
  const at = (n: number, c: number, row: number, column: number) =>
    ((n * channels + c) * kernel + row) * kernel + column;
  const weights = new Float32Array(outputs * channels * kernel * kernel).fill(1);
  weights[at(35, 2, 1, 0)] = -127;
  const { matrix } = quantise(weights, outputs, channels, kernel);
  const row = (1 * kernel + 0) * channels + 2;
  expect(matrix[row * outputs + 35]).toBe(-127);
  expect(matrix.filter((value) => value === -127)).toHaveLength(1);
  expect(matrix[row * outputs + 34]).toBe(127);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s among the weights is an error', (wrong) => {
  expect(() => quantise(Float32Array.of(1, wrong), 1, 2, 1)).toThrow(RangeError);
});

test('weights of another shape are an error', () => {
  expect(() => quantise(new Float32Array(5), 1, 4, 1)).toThrow(RangeError);
});
