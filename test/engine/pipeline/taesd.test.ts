import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, type Progress } from '../../../engine/index.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { openNetworks } from '../../../engine/networks/networks.ts';
import { toRgb } from '../../../engine/pipeline/preview.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';

const WEIGHTS = fileURLToPath(new URL('../../fixtures/taesd/diffusion_pytorch_model.safetensors', import.meta.url));

describe('a model with a Tiny AutoEncoder', () => {
  let root: string;
  let folder: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'easel-'));
    folder = join(root, 'previewed');
    await cp(tinyModel('tiny-conv'), folder, { recursive: true });
    await cp(WEIGHTS, join(folder, 'taesd', 'diffusion_pytorch_model.safetensors'));
  });
  afterAll(() => rm(root, { recursive: true }));

  test("decodes with it as diffusers' AutoencoderTiny does", async () => {
    const networks = await openNetworks(await readModelFolder(folder), { provider: 'cpu', threads: 1 });
    const tensor = await goldenTensors('taesd');
    const { cases } = golden<{ cases: { latents: string; image: string }[] }>('taesd');
    for (const { latents, image } of cases) {
      const [, channels = 0, height = 0, width = 0] = tensor(latents).shape;
      const output = await networks.decodeTiny(tensor(latents).floats, [channels, height, width]);
      expect(output?.shape).toEqual(tensor(image).shape);
      expect(relativeError(output?.data ?? [], tensor(image).floats)).toBeLessThan(1e-4);
    }
    await networks.close();
  });

  test('shows previews as large as the picture', async () => {
    const engine = createEngine({ modelSources: [folder], threads: 1, previewEvery: 1 });
    const seen: Progress[] = [];
    const spec: GenerationSpec = {
      ...{ prompt: 'a fox', negative: '', width: 72, height: 64, steps: 3, guidance: 5, model: 'previewed' },
      ...{ sampler: 'ddim', seed: 1, count: 1, variations: [] },
    };
    await engine.run({ kind: 'generate', spec }, { onProgress: (progress) => seen.push(progress) });
    const sizes = seen.flatMap(({ previews = [] }) => previews.map(({ width, height }) => [width, height]));
    expect(sizes).toEqual([
      [72, 64],
      [72, 64],
    ]);
    await engine.close();
  });

  test('decodes whole pictures with it when that is asked for, large ones in tiles', async () => {
    const engine = createEngine({ modelSources: [folder], threads: 1, previewEvery: 1 });
    const spec: GenerationSpec = {
      ...{ prompt: 'a fox', negative: '', width: 72, height: 64, steps: 3, guidance: 5, model: 'previewed' },
      ...{ sampler: 'ddim', seed: 1, count: 1, variations: [] },
    };
    const draw = async (changes: Partial<GenerationSpec>) => {
      const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, ...changes } });
      return pictures[0];
    };
    const [full, tiny, large] = [
      await draw({}),
      await draw({ decoder: 'taesd' }),
      await draw({ decoder: 'taesd', width: 1088, height: 1024, steps: 1, guidance: 1 }),
    ];
    const networks = await openNetworks(await readModelFolder(folder), { provider: 'cpu', threads: 1 });
    const { data = [] } = (await networks.decodeTiny(full?.latents.data ?? new Float32Array(), [4, 8, 9])) ?? {};
    await networks.close();
    expect(tiny?.rgb).toEqual(toRgb(Float32Array.from(data), 72, 64).rgb);
    expect(tiny?.rgb).not.toEqual(full?.rgb);
    expect(large).toMatchObject({ width: 1088, height: 1024 });
    await engine.close();
  });

  test('whose file is something else is refused by name', async () => {
    await writeFile(join(folder, 'taesd', 'diffusion_pytorch_model.safetensors'), Buffer.from('\x02\0\0\0\0\0\0\0{}'));
    const networks = await openNetworks(await readModelFolder(folder), { provider: 'cpu', threads: 1 });
    await expect(networks.decodeTiny(new Float32Array(4), [4, 1, 1])).rejects.toThrow(/not the decoder of a Tiny/);
    await networks.close();
  });
});

test('a model without a Tiny AutoEncoder refuses to decode with it', async () => {
  const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], threads: 1 });
  const spec: GenerationSpec = {
    ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 3, guidance: 5, model: 'tiny-conv' },
    ...{ sampler: 'ddim', seed: 1, count: 1, variations: [], decoder: 'taesd' },
  };
  await expect(engine.check({ kind: 'generate', spec })).rejects.toThrow(
    'This model has no Tiny AutoEncoder (TAESD) beside it; use the decoder full, or another model.',
  );
  await engine.close();
});
