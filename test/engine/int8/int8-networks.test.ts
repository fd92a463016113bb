import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textEncoderGraph } from '../../../engine/graph/text-encoder.ts';
import { unetGraph } from '../../../engine/graph/unet.ts';
import { int8Target } from '../../../engine/int8/int8-target.ts';
import { Int8Survey } from '../../../engine/int8/int8-weights.ts';
import { openLoras } from '../../../engine/lora/open-loras.ts';
import { readFootprint } from '../../../engine/memory/footprint.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import type { ModelOptions } from '../../../engine/networks/model-options.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { CPU_TARGET, type GraphTarget } from '../../../engine/onnx/graph-target.ts';
import { openWeights, type WeightSource } from '../../../engine/weights/weight-source.ts';
import { relativeError, TINY_MODELS, tinyModel } from '../goldens.ts';
import { writeCheckpoint } from '../model/checkpoint-file.ts';
import { familyCheckpoint, familyModel } from '../model/family-checkpoint.ts';

const CPU = { provider: 'cpu', threads: 1 } as const;
const SKETCH = fileURLToPath(new URL('../../../models/sketch', import.meta.url));
const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.7));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'easel-int8-'));
});
afterAll(() => rm(folder, { recursive: true }));

const open = async (place: string, options: Partial<ModelOptions>): Promise<Networks> =>
  openNetworks(await readModelFolder(place), { ...CPU, int8Folder: folder, ...options });

/** Odd sides, so that the strided convolutions and the way up round. */
const SHAPE = [4, 9, 8] as const;

async function compute(networks: Networks) {
  const text = await networks.encodeText('a red fox', { syntax: 'plain', clipSkip: 1 });
  const call = { batch: 2, sample: wave(2 * 4 * 9 * 8), shape: SHAPE, timesteps: Float32Array.of(981, 20) };
  return { text, prediction: await networks.predict({ ...call, context: Float32Array.of(...text, ...text) }) };
}

/** Random weights cancel out less than trained ones: the bound of the embedded model is the one that matters. */
describe.each([
  ...TINY_MODELS.map((name) => [name, tinyModel(name), 0.12] as const),
  ['the embedded model', SKETCH, 0.06] as const,
])('%s in int8', (_, place, bound) => {
  test('is near float32, and not float32 itself', async () => {
    const exact = await open(place, {});
    const int8 = await open(place, { precision: 'int8' });
    const [wanted, found] = [await compute(exact), await compute(int8)];
    await Promise.all([exact.close(), int8.close()]);
    for (const part of ['text', 'prediction'] as const) {
      const error = relativeError(found[part], wanted[part]);
      expect(error).toBeLessThan(bound);
      expect(error).toBeGreaterThan(1e-4);
    }
  });
});

test('LoRAs work in int8 as they do in float32', async () => {
  const file = fileURLToPath(new URL('../../fixtures/loras/ink.safetensors', import.meta.url));
  const tags = [{ name: 'ink', strengths: { textEncoder: 1, unet: 1 } }];
  const loras = await openLoras(tags, { loras: new Map([['ink', file]]), loraPaths: new Map() }, { layersPerBlock: 2 });
  const predictions: Float32Array[] = [];
  for (const precision of ['float32', 'int8'] as const) {
    const plain = await open(tinyModel('tiny-conv'), { precision });
    predictions.push((await compute(await plain.withLoras(loras))).prediction, (await compute(plain)).prediction);
    await plain.close();
  }
  const [exact = [], without = [], int8 = []] = predictions;
  expect(relativeError(without, exact)).toBeGreaterThan(0.3);
  expect(relativeError(int8, exact)).toBeLessThan(0.15);
});

test('weights are quantised once: the second opening writes no file', async () => {
  const before = await readdir(folder);
  await (await open(tinyModel('tiny-half'), { precision: 'int8' })).close();
  expect(await readdir(folder)).toEqual(before);
  expect(before.length).toBeGreaterThan(0);
});

test('the folder may be deleted while a model is loaded', async () => {
  const own = await mkdtemp(join(tmpdir(), 'easel-int8-deleted-'));
  const networks = await open(tinyModel('tiny-conv'), { precision: 'int8', int8Folder: own });
  const before = await compute(networks);
  await rm(own, { recursive: true });
  expect((await compute(networks)).prediction).toEqual(before.prediction);
  const file = fileURLToPath(new URL('../../fixtures/loras/ink.safetensors', import.meta.url));
  const tags = [{ name: 'ink', strengths: { textEncoder: 1, unet: 1 } }];
  const loras = await openLoras(tags, { loras: new Map([['ink', file]]), loraPaths: new Map() }, { layersPerBlock: 2 });
  expect((await compute(await networks.withLoras(loras))).prediction).not.toEqual(before.prediction);
  expect((await readdir(own)).length).toBeGreaterThan(0);
  await networks.close();
  await rm(own, { recursive: true });
});

test('the memory estimate counts a byte for each weight of a product', async () => {
  const model = await readModelFolder(SKETCH);
  const [exact, int8] = [await readFootprint(model), await readFootprint(model, true)];
  expect(int8.unet / exact.unet).toBeGreaterThan(0.25);
  expect(int8.unet / exact.unet).toBeLessThan(0.27);
  const [text = 0] = int8.textEncoders;
  expect(text).toBeLessThan(exact.textEncoders[0] ?? 0);
  // Its table of words, 49,408 · 128 floats, stays float32.
  expect(text).toBeGreaterThan(49_408 * 128 * 4);
  expect(int8.vaeDecoder).toBe(exact.vaeDecoder);
});

test('where the folder cannot be written, another one is used', async () => {
  const blocked = join(folder, 'a-file');
  await writeFile(blocked, '');
  const int8 = await open(tinyModel('tiny-conv'), { precision: 'int8' });
  const fallback = await open(tinyModel('tiny-conv'), { precision: 'int8', int8Folder: blocked });
  const [wanted, found] = [await compute(int8), await compute(fallback)];
  await Promise.all([int8.close(), fallback.close()]);
  expect(found.prediction).toEqual(wanted.prediction);
});

test('where no folder can be written, the target stays as it was', async () => {
  const blocked = join(folder, 'another-file');
  await writeFile(blocked, '');
  const [{ config, weights }] = (await readModelFolder(tinyModel('tiny-conv'))).textEncoders;
  const set = await openWeights('textEncoder', weights);
  const form = { isNormalised: true, pools: false };
  const write = (target: GraphTarget) => textEncoderGraph(config, set, form, target);
  expect(await int8Target(CPU_TARGET, [blocked, blocked], write)).toBe(CPU_TARGET);
  expect((await int8Target(CPU_TARGET, [blocked, folder], write)).int8).toBeDefined();
});

test.each(['tiny-xl', 'tiny-v2'] as const)(
  'the same layers stay float32 in a single file and in a folder: %s',
  async (name) => {
    const model = await readModelFolder(familyModel(name));
    const file = join(folder, `${name}.safetensors`);
    await writeCheckpoint(file, await familyCheckpoint(name));
    const layersOf = async (source: WeightSource) => {
      const survey = new Int8Survey();
      unetGraph(model.unet, await openWeights('unet', source), { ...CPU_TARGET, int8: survey });
      return survey.layers.map(({ outputs, channels, kernel }) => [outputs, channels, kernel]);
    };
    const [own, single] = [await layersOf(model.weights.unet), await layersOf({ file })];
    expect(own.length).toBeGreaterThan(50);
    expect(single).toEqual(own);
  },
);
