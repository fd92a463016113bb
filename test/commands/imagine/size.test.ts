import { describe, expect, test } from 'vitest';
import { ceilingFor, nativeScale } from '../../../commands/imagine/channel-rules.ts';
import { readRatio, resolveSize, scaleSize } from '../../../commands/imagine/size.ts';
import type { EngineDescription, ModelDescription } from '../../../engine/index.ts';

const V1: ModelDescription = {
  ...{ id: 'v1', title: 'V1', family: 'Stable Diffusion 1', width: 512, height: 512, steps: 25, guidance: 7.5 },
  ...{ sampler: 'ddim', sizeStep: 8 },
};
const XL: ModelDescription = {
  ...{ id: 'xl', title: 'XL', family: 'Stable Diffusion XL', width: 1024, height: 1024, steps: 25, guidance: 6 },
  ...{ sampler: 'euler', sizeStep: 64 },
};
const nothing = { ar: undefined, size: undefined, width: undefined, height: undefined };

describe('an aspect ratio', () => {
  // The sizes that Stable Diffusion XL was trained on: Podell et al. 2023, appendix I.
  test.each([
    ['1:1', 1024, 1024],
    ['4:3', 1152, 896],
    ['3:2', 1216, 832],
    ['16:9', 1344, 768],
    ['21:9', 1536, 640],
    ['9:16', 768, 1344],
    ['2:3', 832, 1216],
  ])('of %s is %d×%d, a size that Stable Diffusion XL knows', (typed, width, height) => {
    expect(resolveSize({ ...nothing, ar: readRatio(typed) }, XL)).toEqual({ width, height });
  });

  test('keeps the area of a model that was trained on one size', () => {
    expect(resolveSize({ ...nothing, ar: readRatio('3:2') }, V1)).toEqual({ width: 624, height: 416 });
  });
});

describe('a size that was set for one model', () => {
  const engine: EngineDescription = {
    ...{ models: [V1, XL], defaultModel: 'v1', provider: 'cpu', slots: 1 },
    ...{ loras: [], embeddings: [], refused: [] },
  };

  test('grows with a model that draws larger, and does not shrink with one that draws smaller', () => {
    expect(nativeScale(XL, { engine })).toBe(2);
    expect(nativeScale(V1, { engine })).toBe(1);
    expect(nativeScale(V1, { engine, channel: { models: ['xl', 'v1'] } })).toBe(1);
    expect(scaleSize({ width: 768, height: 512 }, 2)).toEqual({ width: 1536, height: 1024 });
    expect(scaleSize({ width: 2000, height: 1000 }, 2)).toEqual({ width: 2048, height: 1024 });
  });

  test('as the ceiling of a channel, too', () => {
    const channel = { maxSide: 640 };
    expect(ceilingFor(V1, { engine, channel })).toBe(640);
    expect(ceilingFor(XL, { engine, channel })).toBe(1280);
    expect(ceilingFor(XL, { engine })).toBeUndefined();
  });
});
