import { describe, expect, test } from 'vitest';
import { resample } from '../../../engine/latents/resample.ts';
import { relativeError } from '../goldens.ts';

/** `torch.nn.functional.interpolate(x, size, mode=…, align_corners=False)`, torch 2.13.0. */
const SOURCE = Float32Array.of(0, 1, 4, 9, 16, 25);
const TO_4_BY_5 = [
  0, 0.4, 1, 2.8, 4, 2.25, 3.25, 4.75, 7.45, 9.25, 6.75, 8.95, 12.25, 16.75, 19.75, 9, 11.8, 16, 21.4, 25,
];
const BICUBIC_TO_4_BY_5 = [
  -0.9844688, -0.9771869, -0.5820312, 0.8931251, 2.0124066, 1.8125628, 2.6406264, 4.3984375, 7.2362504, 9.1763134,
  6.4194379, 8.5993776, 12.6015625, 17.6837502, 20.9756889, 9.2164698, 12.2171907, 17.5820312, 24.0268764, 28.1395969,
];

describe('latents are resampled as torch resamples', () => {
  test('to more', () => {
    expect(relativeError(resample(SOURCE, [1, 2, 3], 4, 5, 'bilinear'), TO_4_BY_5)).toBeLessThan(1e-6);
  });

  test('to fewer', () => {
    expect([...resample(SOURCE, [1, 2, 3], 1, 2, 'bilinear')]).toEqual([5.5, 13]);
  });

  test.each([
    ['nearest', 4, 5, [0, 0, 1, 1, 4, 0, 0, 1, 1, 4, 9, 9, 16, 16, 25, 9, 9, 16, 16, 25]],
    ['nearest', 3, 7, [0, 0, 0, 1, 1, 4, 4, 0, 0, 0, 1, 1, 4, 4, 9, 9, 9, 16, 16, 25, 25]],
    ['nearest', 1, 2, [0, 1]],
    ['bicubic', 4, 5, BICUBIC_TO_4_BY_5],
    ['bicubic', 1, 2, [5.1953125, 13.28125]],
  ] as const)('in the mode %s, to %d×%d', (mode, height, width, expected) => {
    expect(relativeError(resample(SOURCE, [1, 2, 3], height, width, mode), expected)).toBeLessThan(1e-6);
  });

  test('channel by channel', () => {
    const two = Float32Array.of(...SOURCE, ...SOURCE.map((value) => -value));
    const out = resample(two, [2, 2, 3], 4, 5, 'bilinear');
    expect(relativeError(out, [...TO_4_BY_5, ...TO_4_BY_5.map((value) => -value)])).toBeLessThan(1e-6);
  });

  test('to the same size, unchanged', () => {
    expect(resample(SOURCE, [1, 2, 3], 2, 3, 'bilinear')).toEqual(SOURCE);
  });
});
