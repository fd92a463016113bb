import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createEngine, type EngineHost, type EngineTask } from '../../../engine/index.ts';
import { relativeError, tinyModel } from '../goldens.ts';

/** Chromium brings SwiftShader, a Vulkan device in software: WebGPU without a graphics card. */
const SWIFTSHADER = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].find((folder) =>
  existsSync(join(folder, 'vk_swiftshader_icd.json')),
);
const isHere = SWIFTSHADER !== undefined && process.platform === 'linux' && process.arch === 'x64';
const WHY = isHere ? '' : " (skipped: needs Linux on x64 and Chromium's SwiftShader, as in Debian's package chromium)";

/** Of the greatest magnitude; measured 2e-4, as much as SwiftShader's sine is wrong by. */
const TOLERANCE = 1e-3;
const MINUTES = 60_000;

/** The text encoder, one UNet call and the VAE's decoder, at the smallest size. */
const TASK: EngineTask = {
  kind: 'generate',
  spec: {
    ...{ prompt: 'a red fox', negative: '', width: 64, height: 64, steps: 1, guidance: 1, sampler: 'ddim' },
    ...{ model: 'tiny-linear', seed: 7, count: 1, variations: [] },
  },
};

describe.skipIf(!isHere)(`on WebGPU${WHY}`, () => {
  let engine: EngineHost;
  beforeAll(() => {
    const folder = SWIFTSHADER ?? '';
    vi.stubEnv('VK_ICD_FILENAMES', join(folder, 'vk_swiftshader_icd.json'));
    // Where Chromium keeps the Vulkan loader, too.
    vi.stubEnv('LD_LIBRARY_PATH', folder);
    engine = createEngine({ modelSources: [tinyModel('tiny-linear')], provider: 'webgpu', previewEvery: 0 });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await engine.close();
  });

  test(
    'the engine gives the latents and the picture that it gives on the processor',
    async () => {
      const described = await engine.describe();
      expect(described).toMatchObject({ provider: 'webgpu', execution: { passedOver: [] } });

      const cpu = createEngine({ modelSources: [tinyModel('tiny-linear')], provider: 'cpu', previewEvery: 0 });
      const [expected] = (await cpu.run(TASK)).pictures;
      await cpu.close();
      const [actual] = (await engine.run(TASK)).pictures;
      if (expected === undefined || actual === undefined) throw new Error('each makes a picture');
      expect(relativeError(actual.latents.data, expected.latents.data)).toBeLessThan(TOLERANCE);
      const worst = expected.rgb.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (actual.rgb[i] ?? 999))),
        0,
      );
      expect(worst).toBeLessThanOrEqual(1);
    },
    5 * MINUTES,
  );
});
