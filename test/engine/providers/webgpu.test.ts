import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type EngineTask } from '../../../engine/index.ts';
import { relativeError, tinyModel } from '../goldens.ts';
import { familyModel } from '../model/family-checkpoint.ts';
import { findSoftwareGpu } from './software-gpu.ts';

const GPU = findSoftwareGpu();
const WHERE =
  GPU === undefined
    ? "WebGPU (skipped: needs Linux on x64 and a Vulkan driver in software: Mesa's llvmpipe of version 25, as in Debian 13's mesa-vulkan-drivers with libvulkan1, or SwiftShader, as in Debian's chromium)"
    : `WebGPU by ${GPU.name}`;

const MINUTES = 60_000;

/** The text encoder, one UNet call and the VAE's decoder, at the smallest size; of a model that inpaints its encoder, too. */
const taskFor = (model: string): EngineTask => ({
  kind: 'generate',
  spec: {
    ...{ prompt: 'a red fox', negative: '', width: 64, height: 64, steps: 1, guidance: 1, sampler: 'ddim' },
    ...{ model, seed: 7, count: 1, variations: [] },
  },
});

async function draw(model: string, provider: 'cpu' | 'webgpu', precision: 'float32' | 'float16') {
  const folder = model === 'tiny-inpaint' ? familyModel(model) : tinyModel(model);
  const engine = createEngine({ modelSources: [folder], provider, precision, previewEvery: 0 });
  try {
    const { execution, provider: chosen } = await engine.describe();
    expect([chosen, execution?.passedOver]).toEqual([provider, []]);
    const [picture] = (await engine.run(taskFor(model))).pictures;
    if (picture === undefined) throw new Error('a task makes a picture');
    return picture;
  } finally {
    await engine.close();
  }
}

describe.skipIf(GPU === undefined)(`on ${WHERE}`, () => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(GPU?.environment ?? {})) vi.stubEnv(name, value);
  });
  afterEach(() => vi.unstubAllEnvs());

  // Of the greatest magnitude: float32 measured 2e-4, as much as SwiftShader's sine is wrong by, halves 2e-3 (5 levels).
  test.each([
    { model: 'tiny-linear', precision: 'float32', tolerance: 1e-3, levels: 1 },
    { model: 'tiny-inpaint', precision: 'float32', tolerance: 1e-3, levels: 1 },
    { model: 'tiny-half', precision: 'float16', tolerance: 1e-2, levels: 8 },
  ] as const)(
    'the engine gives the latents and the picture of the processor: $model in $precision',
    async ({ model, precision, tolerance, levels }) => {
      const expected = await draw(model, 'cpu', 'float32');
      const actual = await draw(model, 'webgpu', precision);
      const error = relativeError(actual.latents.data, expected.latents.data);
      expect(error).toBeLessThan(tolerance);
      // Halves are rounded somewhere: what is as exact as float32 would not be them.
      if (precision === 'float16' && GPU?.hasHalves === true) expect(error).toBeGreaterThan(1e-5);
      const worst = expected.rgb.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (actual.rgb[i] ?? 999))),
        0,
      );
      expect(worst).toBeLessThanOrEqual(levels);
    },
    5 * MINUTES,
  );

  test(
    'a tensor beyond the driver’s limits is refused with a sentence, and the next call is right',
    async () => {
      const script = fileURLToPath(new URL('too-large-a-buffer.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script]);
      const { large, small, rows } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(large).toMatchObject({
        code: 'out_of_memory',
        message: expect.stringMatching(
          /^This size is too large for the GPU: .* the driver allows \d+.*; try a smaller one/,
        ),
      });
      expect(small).toEqual({ isRight: true });
      // The largest binding of llvmpipe is no larger than WebGPU guarantees.
      expect(rows).toBe(GPU?.name === 'llvmpipe' ? 1 : 2);
    },
    MINUTES,
  );
});
