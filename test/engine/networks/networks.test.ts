import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { type GoldenTensor, golden, goldenTensors, relativeError, TINY_MODELS, tinyModel } from '../goldens.ts';

interface TextCase {
  readonly model: string;
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly tensor: string;
}
interface UnetCase {
  readonly model: string;
  readonly timesteps: readonly number[];
  readonly latents: string;
  readonly context: string;
  readonly output: string;
}
interface VaeCase {
  readonly model: string;
  readonly latents: string;
  readonly image: string;
  readonly moments: string;
}

/** Of fp32 torch; what is measured is near 2e-6. */
const TOLERANCE = 1e-4;
const PLAIN = { syntax: 'plain', clipSkip: 1 } as const;

describe.each(TINY_MODELS)('the networks of %s agree with torch', (name) => {
  let networks: Networks;
  let scale: number;
  beforeAll(async () => {
    const folder = await readModelFolder(tinyModel(name));
    scale = folder.vae.scaling_factor;
    networks = await openNetworks(folder, { provider: 'cpu', threads: 1 });
  });
  afterAll(() => networks.close());

  test('in token ids and text embeddings', async () => {
    const tensor = await goldenTensors('text-encoder');
    const cases = golden<{ cases: TextCase[] }>('text-encoder').cases.filter(({ model }) => model === name);
    expect(cases.length).toBeGreaterThan(2);
    for (const { prompt, ids, tensor: key } of cases) {
      expect(networks.tokenizer.encodePadded(prompt, ids.length)).toEqual(ids);
      expect(relativeError(await networks.encodeText(prompt, PLAIN), tensor(key).floats)).toBeLessThan(TOLERANCE);
    }
  });

  test('in the UNet, at even and odd sizes, with timesteps of their own', async () => {
    const tensor = await goldenTensors('unet');
    const cases = golden<{ cases: UnetCase[] }>('unet').cases.filter(({ model }) => model === name);
    expect(cases.length).toBeGreaterThan(5);
    for (const { timesteps, latents, context, output } of cases) {
      const sample = tensor(latents);
      const prediction = await networks.predict({
        batch: sample.shape[0] ?? 0,
        sample: sample.floats,
        shape: planes(sample),
        timesteps: Float32Array.from(timesteps),
        context: tensor(context).floats,
      });
      expect(relativeError(prediction, tensor(output).floats)).toBeLessThan(TOLERANCE);
    }
  });

  test('in the VAE, decoding and encoding', async () => {
    const tensor = await goldenTensors('vae-decode');
    for (const { latents, image } of casesOf<VaeCase>('vae-decode', name)) {
      const source = tensor(latents);
      const decoded = await onePictureAtATime(source, (values) =>
        networks.decode(
          values.map((value) => value * scale),
          planes(source),
        ),
      );
      expect(relativeError(decoded, tensor(image).floats)).toBeLessThan(TOLERANCE);
    }
    const moments = await goldenTensors('vae-encode');
    for (const { image, moments: key } of casesOf<VaeCase>('vae-encode', name)) {
      const source = tensor(image);
      const encoded = await onePictureAtATime(source, (values) =>
        networks.encodeImage(
          values.map((value) => Math.min(Math.max(value, -1), 1)),
          planes(source),
        ),
      );
      expect(relativeError(encoded, moments(key).floats)).toBeLessThan(TOLERANCE);
    }
  });
});

function casesOf<T extends { readonly model: string }>(file: string, name: string): readonly T[] {
  const cases = golden<{ cases: T[] }>(file).cases.filter(({ model }) => model === name);
  expect(cases.length).toBeGreaterThan(0);
  return cases;
}

function planes({ shape }: GoldenTensor): [number, number, number] {
  const [, channels = 0, height = 0, width = 0] = shape;
  return [channels, height, width];
}

async function onePictureAtATime(
  { shape, floats }: GoldenTensor,
  run: (values: Float32Array) => Promise<{ readonly data: Float32Array }>,
): Promise<number[]> {
  const batch = shape[0] ?? 1;
  const size = floats.length / batch;
  const results: number[] = [];
  for (let i = 0; i < batch; i += 1) results.push(...(await run(floats.slice(i * size, (i + 1) * size))).data);
  return results;
}
