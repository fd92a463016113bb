import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { relativeError } from '../goldens.ts';

/** What `tools/golden/full_size.py` wrote; without it there is nothing to test. */
const FOLDER = process.env.EASEL_FULL_SIZE ?? '';
const TOLERANCE = 1e-3;
const MINUTES = 60_000;

interface Case {
  readonly prompt: string;
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly size: number;
  readonly timestep: number;
}

describe.skipIf(!existsSync(join(FOLDER, 'golden.safetensors')))('a v1-4 of real size agrees with diffusers', () => {
  const model = join(FOLDER, 'v1-4');
  let tensor: (key: string) => Uint8Array;
  let facts: Case;
  let networks: Networks | undefined;
  beforeAll(async () => {
    const path = join(FOLDER, 'golden.safetensors');
    const index = await readSafetensors(path);
    const file = readFileSync(path);
    tensor = (key) => {
      const ref = index.get(key);
      return new Uint8Array(file.subarray(ref?.offset, (ref?.offset ?? 0) + (ref?.length ?? 0)));
    };
    facts = JSON.parse(readFileSync(join(FOLDER, 'golden.json'), 'utf8')) as Case;
    const began = performance.now();
    networks = await openNetworks(await readModelFolder(model), { provider: 'cpu', threads: 0 });
    report('load, seconds', (performance.now() - began) / 1000);
  }, 10 * MINUTES);
  afterAll(() => networks?.close());

  const floats = (key: string) => new Float32Array(tensor(key).buffer);
  const opened = () => {
    if (networks === undefined) throw new Error('the model was not opened');
    return networks;
  };
  const latent = () => facts.size / 8;

  test('in the text embedding', async () => {
    const actual = await opened().encodeText(facts.prompt, { syntax: 'plain', clipSkip: 1 });
    expectClose('text', actual, floats('text'));
  });

  test(
    'in one UNet call',
    async () => {
      const actual = await opened().predict({
        batch: 1,
        sample: floats('sample'),
        shape: [4, latent(), latent()],
        timesteps: Float32Array.of(facts.timestep),
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
      expectClose('encode', (await opened().encodeImage(image, [3, facts.size, facts.size])).data, floats('moments'));

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
      const { prompt, steps, guidance, seed, size } = facts;
      const { pictures, timings } = await engine.run({
        kind: 'generate',
        spec: {
          ...{ prompt, negative: '', width: size, height: size, steps, guidance, seed },
          ...{ sampler: 'pndm', model: 'v1-4', count: 1, variations: [], syntax: 'plain' },
        },
      });
      await engine.close();
      const expected = tensor('picture');
      const actual = pictures[0]?.rgb ?? new Uint8Array();
      expect(actual).toHaveLength(expected.length);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? 999))), 0);
      report('picture, worst of 255', worst);
      report('a step, seconds', Math.min(...timings.stepMs) / 1000);
      expect(worst).toBeLessThanOrEqual(2);
    },
    30 * MINUTES,
  );
});

function expectClose(what: string, actual: Float32Array, expected: Float32Array): void {
  const error = relativeError(actual, expected);
  report(`${what}, relative error`, error);
  expect(error).toBeLessThan(TOLERANCE);
}

/** Whoever runs this wants the figures. */
function report(what: string, value: number): void {
  process.stdout.write(`${what}: ${value.toPrecision(3)}\n`);
}
