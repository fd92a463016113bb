import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import {
  expectClose,
  expectSamePicture,
  type FullSizeGoldens,
  hasGoldens,
  MINUTES,
  readGoldens,
  report,
} from './full-size-goldens.ts';

/** What `tools/golden/full_size.py` wrote; without it there is nothing to test. */
const FOLDER = process.env.EASEL_FULL_SIZE ?? '';

describe.skipIf(!hasGoldens(FOLDER))('a v1-4 of real size agrees with diffusers', () => {
  const model = join(FOLDER, 'v1-4');
  let golden: FullSizeGoldens;
  let networks: Networks | undefined;
  beforeAll(async () => {
    golden = await readGoldens(FOLDER);
    const began = performance.now();
    networks = await openNetworks(await readModelFolder(model), { provider: 'cpu', threads: 0 });
    report('load, seconds', (performance.now() - began) / 1000);
  }, 10 * MINUTES);
  afterAll(() => networks?.close());

  const floats = (key: string) => golden.floats(key);
  const opened = () => {
    if (networks === undefined) throw new Error('the model was not opened');
    return networks;
  };
  const latent = () => golden.facts.size / 8;

  test('in the text embedding', async () => {
    const actual = await opened().encodeText(golden.facts.prompt, { syntax: 'plain', clipSkip: 1 });
    expectClose('text', actual, floats('text'));
  });

  test(
    'in one UNet call',
    async () => {
      const actual = await opened().predict({
        batch: 1,
        sample: floats('sample'),
        shape: [4, latent(), latent()],
        timesteps: Float32Array.of(golden.facts.timestep),
        context: floats('text'),
      });
      expectClose('UNet', actual, floats('prediction'));
    },
    10 * MINUTES,
  );

  test(
    'in the VAE, in either spelling of its names',
    async () => {
      const { vae } = await readModelFolder(model);
      const latents = floats('latents').map((value) => value * vae.scaling_factor);
      const shape = [4, latent(), latent()] as const;
      const decoded = (await opened().decode(latents, shape)).data;
      expectClose('decode', decoded, floats('image'));
      const image = floats('image').map((value) => Math.min(Math.max(value, -1), 1));
      expectClose(
        'encode',
        (await opened().encodeImage(image, [3, golden.facts.size, golden.facts.size])).data,
        floats('moments'),
      );

      const other = await mkdtemp(join(tmpdir(), 'easel-full-size-'));
      await cp(join(FOLDER, 'current', 'vae'), join(other, 'vae'), { recursive: true });
      for (const part of ['model_index.json', 'unet', 'text_encoder', 'tokenizer', 'scheduler']) {
        await symlink(join(model, part), join(other, part));
      }
      await networks?.close();
      networks = undefined;
      const current = await openNetworks(await readModelFolder(other), { provider: 'cpu', threads: 0 });
      expect(Buffer.from((await current.decode(latents, shape)).data.buffer).equals(Buffer.from(decoded.buffer))).toBe(
        true,
      );
      await current.close();
      await rm(other, { recursive: true });
    },
    20 * MINUTES,
  );

  test(
    'in a picture of a few steps, within 2 of 255 in every pixel',
    async () => {
      const engine = createRuntime({ modelSources: [model], previewEvery: 0 });
      const { prompt, steps, guidance, seed, size } = golden.facts;
      const { pictures, timings } = await engine.run({
        kind: 'generate',
        spec: {
          ...{ prompt, negative: '', width: size, height: size, steps, guidance, seed },
          ...{ sampler: 'pndm', model: 'v1-4', count: 1, variations: [], syntax: 'plain' },
        },
      });
      await engine.close();
      expectSamePicture(pictures[0]?.rgb ?? new Uint8Array(), golden.bytes('picture'));
      report('a step, seconds', Math.min(...timings.stepMs) / 1000);
    },
    30 * MINUTES,
  );
});
