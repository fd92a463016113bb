import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, type Progress } from '../../../engine/index.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { openNetworks } from '../../../engine/networks/networks.ts';
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

  test('whose file is something else is refused by name', async () => {
    await writeFile(join(folder, 'taesd', 'diffusion_pytorch_model.safetensors'), Buffer.from('\x02\0\0\0\0\0\0\0{}'));
    const networks = await openNetworks(await readModelFolder(folder), { provider: 'cpu', threads: 1 });
    await expect(networks.decodeTiny(new Float32Array(4), [4, 1, 1])).rejects.toThrow(/not the decoder of a Tiny/);
    await networks.close();
  });
});
