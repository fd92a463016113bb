import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveModelPlace, splitModelPlaces } from '../../../engine/hub/hub-id.ts';
import type { GenerationSpec } from '../../../engine/index.ts';
import { chooseWeights } from '../../../engine/model/weight-files.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { tinyModel } from '../goldens.ts';
import { encodeSafetensors, type StoredTensor, storedTensors } from './checkpoint-file.ts';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-layouts-'));
  folder = join(root, 'tiny');
  await cp(tinyModel('tiny-conv'), folder, { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

const UNET = 'unet/diffusion_pytorch_model.safetensors';
const VAE = 'vae/diffusion_pytorch_model.safetensors';
const TEXT = 'text_encoder/model.safetensors';

const spec: Omit<GenerationSpec, 'model'> = {
  ...{ prompt: 'a red fox', negative: '', width: 64, height: 64, steps: 2, guidance: 5 },
  ...{ sampler: 'ddim', seed: 3, count: 1, variations: [] },
};

async function draw(place: string): Promise<Buffer> {
  const engine = createRuntime({ modelSources: [place], threads: 1, previewEvery: 0 });
  try {
    const { defaultModel } = await engine.describe();
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, model: defaultModel } });
    return Buffer.from(pictures[0]?.rgb ?? []);
  } finally {
    await engine.close();
  }
}

const complaint = (place: string) => draw(place).then(() => 'none', String);
const plain = await draw(tinyModel('tiny-conv'));

const variantOf = (file: string, variant: string) => file.replace('.safetensors', `.${variant}.safetensors`);

async function renameAll(variant: string): Promise<void> {
  for (const file of [UNET, VAE, TEXT]) await rename(join(folder, file), join(folder, variantOf(file, variant)));
}

/** Halves every number of a network: a picture tells which file was read. */
async function addOther(file: string, variant: string): Promise<void> {
  const halved = [...(await storedTensors(join(folder, file)))].map(([name, tensor]): [string, StoredTensor] => {
    const floats = new Float32Array(new Uint8Array(tensor.bytes).buffer).map((value) => value / 2);
    return [name, tensor.dtype === 'F32' ? { ...tensor, bytes: new Uint8Array(floats.buffer) } : tensor];
  });
  await writeFile(join(folder, variantOf(file, variant)), encodeSafetensors(new Map(halved)));
}

/** Splits a network's file as diffusers does with `max_shard_size`. */
async function shard(file: string, variant?: string): Promise<void> {
  const tensors = [...(await storedTensors(join(folder, file)))];
  const stem = file.replace('.safetensors', variant === undefined ? '' : `.${variant}`);
  const half = Math.floor(tensors.length / 2);
  const parts = [tensors.slice(0, half), tensors.slice(half)];
  const map: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    const name = `${stem}-0000${i + 1}-of-00002.safetensors`;
    await writeFile(join(folder, name), encodeSafetensors(new Map(part)));
    for (const [tensor] of part) map[tensor] = name.split('/')[1] ?? '';
  }
  const index = `${file}.index.${variant === undefined ? '' : `${variant}.`}json`;
  await writeFile(join(folder, index), JSON.stringify({ metadata: {}, weight_map: map }));
  await rm(join(folder, file));
}

describe('a model folder', () => {
  test.each(['bf16', 'fp32', 'fp16', 'ema_only'])(
    'with files of the variant %s alone needs no asking',
    async (variant) => {
      await renameAll(variant);
      expect((await draw(folder)).equals(plain)).toBe(true);
    },
  );

  test('with several variants gives the one that is asked for, under a name of its own', async () => {
    await addOther(UNET, 'bf16');
    for (const file of [VAE, TEXT]) await cp(join(folder, file), join(folder, variantOf(file, 'bf16')));
    expect((await draw(folder)).equals(plain)).toBe(true);
    expect((await draw(`${folder}:bf16`)).equals(plain)).toBe(false);
    const both = createRuntime({ modelSources: [folder, `${folder}:bf16`], threads: 1 });
    expect((await both.describe()).models.map(({ id }) => id)).toEqual(['tiny', 'tiny-bf16']);
    await both.close();
  });

  test('without the variant that is asked for says which there are', async () => {
    await addOther(UNET, 'bf16');
    expect(await complaint(`${folder}:bf16`)).toContain(
      'tiny has no variant "bf16" of its vae; it has vae/diffusion_pytorch_model.safetensors.',
    );
  });

  test('with two variants that nobody prefers asks for one', async () => {
    await renameAll('bf16');
    await cp(join(folder, variantOf(UNET, 'bf16')), join(folder, variantOf(UNET, 'ema')));
    expect(await complaint(folder)).toMatch(
      /tiny has its unet only in the variants (bf16, ema|ema, bf16); add one after the name of the model, such as :/,
    );
  });

  test.each([undefined, 'fp16'])('in shards of the variant %s gives the same picture', async (variant) => {
    for (const file of [UNET, VAE, TEXT]) await shard(file, variant);
    expect((await draw(folder)).equals(plain)).toBe(true);
    if (variant !== undefined) expect((await draw(`${folder}:${variant}`)).equals(plain)).toBe(true);
  });

  test('that lacks a shard says which', async () => {
    await shard(UNET);
    await rm(join(folder, UNET.replace('.safetensors', '-00002-of-00002.safetensors')));
    expect(await complaint(folder)).toContain(
      'lacks tiny/unet/diffusion_pytorch_model-00002-of-00002.safetensors; download it again',
    );
  });

  test('that lacks the list of its shards says so', async () => {
    await shard(UNET);
    await rm(join(folder, `${UNET}.index.json`));
    expect(await complaint(folder)).toContain(
      'tiny lacks unet/diffusion_pytorch_model.safetensors.index.json, its shard index',
    );
  });

  test.each(['../secret.safetensors', '/etc/passwd', 'a/b.safetensors', '.hidden.safetensors', 'model.bin'])(
    'whose list of shards names %s is refused',
    async (name) => {
      await shard(UNET);
      await writeFile(join(folder, `${UNET}.index.json`), JSON.stringify({ weight_map: { a: name } }));
      expect(await complaint(folder)).toContain(`names "${name}", which is not a safetensors file in its folder`);
    },
  );

  test('whose list of shards is endless, or none, is refused', async () => {
    await shard(UNET);
    const index = join(folder, `${UNET}.index.json`);
    await writeFile(index, ' '.repeat((16 << 20) + 1));
    expect(await complaint(folder)).toMatch(/index\.json has 16777217 bytes, but the limit is 16777216/);
    await writeFile(index, '{');
    expect(await complaint(folder)).toMatch(/index\.json is not JSON/);
    await writeFile(index, '{"weight_map":{}}');
    expect(await complaint(folder)).toMatch(/names 0 files/);
  });

  test('with one tensor in two shards is refused', async () => {
    await shard(UNET);
    const first = join(folder, UNET.replace('.safetensors', '-00001-of-00002.safetensors'));
    await cp(first, first.replace('00001-of', '00002-of'));
    expect(await complaint(folder)).toMatch(/Two shards of tiny\/unet\/.*index\.json hold the tensor/);
  });

  test('with files of other names only says what is there', async () => {
    await rename(join(folder, UNET), join(folder, 'unet/painter.safetensors'));
    expect(await complaint(folder)).toContain(
      'tiny has no unet/diffusion_pytorch_model.safetensors; it has unet/painter.safetensors.',
    );
  });

  test('with a safety checker in shards is judged by it', async () => {
    await cp(join(tinyModel('..'), 'safety-checker'), join(folder, 'safety_checker'), { recursive: true });
    await shard('safety_checker/model.safetensors');
    const engine = createRuntime({ modelSources: [folder], threads: 1 });
    const { models } = await engine.describe();
    expect(models[0]).toMatchObject({ hasSafetyChecker: true, memoryBytes: expect.any(Number) });
    expect((await engine.run({ kind: 'generate', spec: { ...spec, model: 'tiny' } })).pictures).toHaveLength(1);
    await engine.close();
  });

  test('is unharmed by what macOS puts beside every file', async () => {
    for (const file of [UNET, VAE, TEXT]) await writeFile(join(folder, file.replace('/', '/._')), 'Mac OS X');
    expect((await draw(folder)).equals(plain)).toBe(true);
  });
});

describe('the weights among files', () => {
  const place = { model: 'tiny', network: 'unet' };
  const choose = (names: string[], variant?: string) => chooseWeights(names, 'model', variant, place).files;

  test.each([
    [['model.safetensors', 'model.fp16.safetensors', 'model.non_ema.safetensors'], undefined, ['model.safetensors']],
    [['model.non_ema.safetensors', 'model.fp16.safetensors'], undefined, ['model.fp16.safetensors']],
    [['model.non_ema.safetensors', 'model.bf16.safetensors'], undefined, ['model.non_ema.safetensors']],
    [['model.bf16.safetensors', 'model.bin', 'config.json'], undefined, ['model.bf16.safetensors']],
    [['model.safetensors', 'model.bf16.safetensors'], 'bf16', ['model.bf16.safetensors']],
    [
      [
        'model-00002-of-00002.fp16.safetensors',
        'model-00001-of-00002.fp16.safetensors',
        'model.safetensors.index.fp16.json',
      ],
      undefined,
      ['model-00001-of-00002.fp16.safetensors', 'model-00002-of-00002.fp16.safetensors'],
    ],
    [
      ['model.fp16-00001-of-00001.safetensors', 'model.safetensors.index.fp16.json', 'modelling.safetensors'],
      'fp16',
      ['model.fp16-00001-of-00001.safetensors'],
    ],
  ])('%j with :%s are %j', (names, variant, files) => {
    expect(choose(names, variant)).toEqual(files);
  });
});

describe('places for models', () => {
  test('may have a variant behind a path, and commas in it', async () => {
    await mkdir(join(root, 'a,b'));
    await writeFile(join(root, 'c, d.safetensors'), '');
    expect(splitModelPlaces('a,b, tiny:bf16,painters/x, c, d.safetensors,,', root)).toEqual([
      'a,b',
      'tiny:bf16',
      'painters/x',
      'c, d.safetensors',
    ]);
    expect(resolveModelPlace('tiny:bf16', root)).toBe(join(root, 'tiny:bf16'));
    expect(resolveModelPlace('painters/x:bf16', root)).toBe('painters/x:bf16');
    await mkdir(join(root, 'painters/x'), { recursive: true });
    expect(resolveModelPlace('painters/x:bf16', root)).toBe(join(root, 'painters/x:bf16'));
  });

  test('of one file have no variants', async () => {
    const file = join(root, 'one.safetensors');
    await writeFile(file, await readFile(join(folder, VAE)));
    expect(await complaint(`${file}:fp16`)).toContain('one.safetensors is one file and has no variant "fp16"');
  });
});
