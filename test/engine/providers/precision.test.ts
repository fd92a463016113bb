import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openLoras } from '../../../engine/lora/open-loras.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import type { ModelOptions } from '../../../engine/networks/model-options.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { relativeError, TINY_MODELS, tinyModel } from '../goldens.ts';

/** A processor runs every dialect, half precision by way of casts: what a graph says is right wherever it runs. */
const CPU = { provider: 'cpu', threads: 1 } as const;
const HALVES = { attention: 'fused', float16: true } as const;
const SHAPE = [4, 9, 8] as const;

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.7));

test('LoRAs work in half precision as they do in full', async () => {
  const file = (name: string) => fileURLToPath(new URL(`../../fixtures/loras/${name}.safetensors`, import.meta.url));
  const tags = [
    { name: 'ink', strengths: { textEncoder: 1, unet: 1 } },
    { name: 'wash', strengths: { textEncoder: 0.5, unet: 0.5 } },
  ];
  const loras = await openLoras(
    tags,
    { loras: new Map(tags.map(({ name }) => [name, file(name)])), loraPaths: new Map() },
    { layersPerBlock: 2 },
  );
  const predictions: Float32Array[] = [];
  for (const options of [{}, { capabilities: HALVES, precision: 'float16' }] as const) {
    const plain = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), { ...CPU, ...options });
    const networks = await plain.withLoras(loras);
    const context = await networks.encodeText('a red fox', { syntax: 'plain', clipSkip: 1 });
    const call = { batch: 1, sample: wave(4 * 9 * 8), shape: SHAPE, timesteps: Float32Array.of(500), context };
    predictions.push(await networks.predict(call), await plain.predict(call));
    await plain.close();
  }
  const [full = [], without = [], half = []] = predictions;
  expect(relativeError(half, full)).toBeLessThan(1e-2);
  expect(relativeError(without, full)).toBeGreaterThan(5e-2);
});

describe.each(TINY_MODELS)('the networks of %s, written for another provider', (name) => {
  const opened: Networks[] = [];
  afterAll(() => Promise.all(opened.map((networks) => networks.close())));

  async function compute(options: Partial<ModelOptions>) {
    const networks = await openNetworks(await readModelFolder(tinyModel(name)), { ...CPU, ...options });
    opened.push(networks);
    const text = await networks.encodeText('a red fox', { syntax: 'plain', clipSkip: 1 });
    const size = SHAPE.reduce((product, side) => product * side, 1);
    const call = { batch: 2, sample: wave(2 * size), shape: SHAPE, timesteps: Float32Array.of(981, 20) };
    return {
      text,
      prediction: await networks.predict({ ...call, context: Float32Array.of(...text, ...text) }),
      image: (await networks.decode(wave(size), SHAPE)).data,
      moments: (await networks.encodeImage(wave(3 * 64 * 72), [3, 72, 64])).data,
    };
  }

  test.each([
    ['with attention of plain products', { capabilities: { attention: 'plain', float16: false } }, 1e-5],
    ['in half precision', { capabilities: HALVES, precision: 'float16' }, 1e-2],
  ] as const)('%s compute what they do on a processor', async (_what, options, tolerance) => {
    const expected = await compute({});
    const actual = await compute(options);
    for (const part of ['text', 'prediction', 'image', 'moments'] as const) {
      expect(relativeError(actual[part], expected[part]), part).toBeLessThan(tolerance);
    }
  });

  test('by themselves in half precision where the weights are stored so', async () => {
    const { prediction } = await compute({ capabilities: HALVES });
    const full = await compute({});
    expect(relativeError(prediction, full.prediction) > 1e-5).toBe(name === 'tiny-half');
  });
});
