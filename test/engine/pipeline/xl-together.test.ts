import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec } from '../../../engine/index.ts';
import type { Networks } from '../../../engine/networks/networks.ts';
import type { UnetCall } from '../../../engine/networks/unet-call.ts';
import { DeepFeatures } from '../../../engine/pipeline/deep-features.ts';
import type { Denoiser } from '../../../engine/pipeline/denoiser.ts';
import { stepTogether } from '../../../engine/pipeline/step-together.ts';
import { familyModel } from '../model/family-checkpoint.ts';

const SPEC: GenerationSpec = {
  ...{ prompt: 'a red fox', negative: '', width: 64, height: 64, steps: 4, guidance: 5, sampler: 'euler', seed: 1 },
  ...{ model: 'tiny-xl', count: 1, variations: [] },
};

describe('Stable Diffusion XL', () => {
  const engine = createEngine({ modelSources: [familyModel('tiny-xl')], threads: 1, previewEvery: 0 });
  afterAll(() => engine.close());
  const draw = async (changes: Partial<GenerationSpec>) =>
    (await engine.run({ kind: 'generate', spec: { ...SPEC, ...changes } })).pictures.flatMap(({ rgb }) => [...rgb]);

  test('draws for several people at once what it draws for each alone', async () => {
    const asked: readonly Partial<GenerationSpec>[] = [
      {},
      { prompt: 'a (blue:1.4) house', negative: 'blurry', sampler: 'euler_a', seed: 7 },
      { prompt: 'a cat AND a dog :0.6', guidance: 3, clipSkip: 3 },
      { prompt: `a castle, ${'very tall, '.repeat(40)}`, guidance: 1, count: 2 },
      { prompt: '[day:night:2] sky', width: 72, speed: 'fast' },
    ];
    const together = await Promise.all(asked.map(draw));
    for (const [i, changes] of asked.entries()) {
      const alone = await draw(changes);
      const worst = alone.reduce((most, value, at) => Math.max(most, Math.abs(value - (together[i]?.[at] ?? 999))), 0);
      expect(worst).toBeLessThanOrEqual(1);
    }
  });

  test('is told of each window where in the picture it lies', async () => {
    const calls: UnetCall[] = [];
    const networks = {
      model: { vaeFactor: 8, family: { latents: { windowSide: 8, wholeArea: 64 } } },
      predict: async (call: UnetCall) => {
        calls.push(call);
        return new Float32Array(call.sample.length);
      },
    } as unknown as Networks;
    const context = { chunks: [new Float32Array(77 * 4)], pooled: Float32Array.of(1, 2) };
    const denoiser = {
      input: () => ({
        ...{ sample: new Float32Array(4 * 8 * 14), timestep: 500, contexts: [context], beside: undefined },
        ...{ reusesFeatures: false, keepsFeatures: false, keyStride: 1 },
      }),
      accept: () => undefined,
    } as unknown as Denoiser;
    const options = { maxRows: 8, features: new DeepFeatures(), beforeCall: async () => undefined };
    await stepTogether(networks, [denoiser], [4, 8, 14], options);
    const [call] = calls;
    expect(call?.batch).toBe(2);
    expect([...(call?.addition?.pooled ?? [])]).toEqual([1, 2, 1, 2]);
    // Height and width of the picture, top and left of the window, its height and width; pixels.
    expect([...(call?.addition?.sizeIds ?? [])]).toEqual([...[64, 112, 0, 0, 64, 64], ...[64, 112, 0, 48, 64, 64]]);
  });
});
