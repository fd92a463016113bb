import { describe, expect, test } from 'vitest';
import { resampleBilinear } from '../../engine/resample.ts';
import { relativeError } from './goldens.ts';

/** `torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=False)`, torch 2.13.0. */
const SOURCE = Float32Array.of(0, 1, 4, 9, 16, 25);
const TO_4_BY_5 = [
  0, 0.4, 1, 2.8, 4, 2.25, 3.25, 4.75, 7.45, 9.25, 6.75, 8.95, 12.25, 16.75, 19.75, 9, 11.8, 16, 21.4, 25,
];

describe('latents are resampled as torch resamples', () => {
  test('to more', () => {
    expect(relativeError(resampleBilinear(SOURCE, [1, 2, 3], 4, 5), TO_4_BY_5)).toBeLessThan(1e-6);
  });

  test('to fewer', () => {
    expect([...resampleBilinear(SOURCE, [1, 2, 3], 1, 2)]).toEqual([5.5, 13]);
  });

  test('channel by channel', () => {
    const two = Float32Array.of(...SOURCE, ...SOURCE.map((value) => -value));
    const out = resampleBilinear(two, [2, 2, 3], 4, 5);
    expect(relativeError(out, [...TO_4_BY_5, ...TO_4_BY_5.map((value) => -value)])).toBeLessThan(1e-6);
  });

  test('to the same size, unchanged', () => {
    expect(resampleBilinear(SOURCE, [1, 2, 3], 2, 3)).toEqual(SOURCE);
  });
});
