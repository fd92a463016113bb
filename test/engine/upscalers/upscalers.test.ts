import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineHost, type GenerationSpec, type UpscaleTask } from '../../../engine/index.ts';
import { CPU_TARGET } from '../../../engine/onnx/graph-target.ts';
import { openSession } from '../../../engine/session/session.ts';
import { Upscalers } from '../../../engine/upscalers/upscaler.ts';
import { readUpscaler } from '../../../engine/upscalers/upscaler-file.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';
import { encodeSafetensors } from '../model/checkpoint-file.ts';

interface UpscalerCase {
  readonly name: string;
  readonly scale: number;
  readonly key: string;
}

const FOLDER = fileURLToPath(new URL('../../fixtures/upscalers', import.meta.url));
const { cases } = golden<{ cases: UpscalerCase[] }>('upscalers');
const spec: GenerationSpec = {
  ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 2, guidance: 1, sampler: 'ddim', seed: 1 },
  ...{ model: 'tiny-conv', count: 1, variations: [] },
};

describe('an upscaler model', () => {
  test.each(cases.map((entry) => [entry.key, entry] as const))('%s agrees with spandrel', async (_, entry) => {
    const tensor = await goldenTensors('upscalers');
    const upscaler = await readUpscaler(join(FOLDER, `${entry.name}.safetensors`));
    expect(upscaler.scale).toBe(entry.scale);
    const session = await openSession(upscaler.graph(CPU_TARGET), { provider: 'cpu', threads: 1 });
    const picture = tensor(`${entry.key}/picture`);
    const { data } = await session.run({ picture: { data: picture.floats, shape: picture.shape } });
    await session.close();
    expect(relativeError(data, tensor(`${entry.key}/larger`).floats)).toBeLessThan(1e-5);
  });

  test('enlarges a picture of any size in tiles, whose seams are not seen', async () => {
    const upscalers = new Upscalers(async () => ({ provider: 'cpu', threads: 1 }));
    const [width, height] = [301, 97];
    const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => 128 + 100 * Math.sin(i / 700));
    let tiles = 0;
    const count = async () => {
      tiles += 1;
    };
    const tiled = await upscalers.enlarge(join(FOLDER, 'real-x2.safetensors'), { width, height, rgb }, count);
    expect(tiles).toBeGreaterThan(1);
    expect([tiled.width, tiled.height, tiled.rgb.length]).toEqual([2 * width, 2 * height, 12 * width * height]);
    await upscalers.close();
  });

  test('that is cancelled ends between tiles', async () => {
    const upscalers = new Upscalers(async () => ({ provider: 'cpu', threads: 1 }));
    const picture = { width: 300, height: 300, rgb: new Uint8Array(270_000) };
    const cancelled = upscalers.enlarge(join(FOLDER, 'compact-x2.safetensors'), picture, async () => {
      throw new Error('cancelled');
    });
    await expect(cancelled).rejects.toThrow('cancelled');
    await upscalers.close();
  });
});

describe('an engine with upscalers beside its models', () => {
  let root: string;
  let engine: EngineHost;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'easel-upscalers-'));
    await cp(tinyModel('tiny-conv'), join(root, 'tiny-conv'), { recursive: true });
    await mkdir(join(root, 'upscalers'));
    await cp(join(FOLDER, 'compact-x4.safetensors'), join(root, 'upscalers', 'sharp.safetensors'));
    await writeFile(join(root, 'upscalers', 'old.pth'), 'pickle');
    const other = new Map([['layers.0.weight', { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) }]]);
    await writeFile(join(root, 'upscalers', 'swin.safetensors'), encodeSafetensors(other));
    engine = createEngine({ modelSources: [root], threads: 1, previewEvery: 0 });
  });
  afterAll(async () => {
    await engine.close();
    await rm(root, { recursive: true });
  });

  const upscaled = (strength: number, upscaler?: string): UpscaleTask => ({
    kind: 'upscale',
    source: { kind: 'generate', spec },
    ...{ factor: 2, strength, mode: 'lanczos', ...(upscaler !== undefined && { upscaler }) },
  });

  test('names them, and takes none of them for a model', async () => {
    const { upscalers, models, refused } = await engine.describe();
    expect(upscalers).toEqual(['sharp']);
    // The buttons take the first: what cannot be used must not be among them.
    expect(refused).toEqual([
      expect.stringMatching(/^The upscaler swin\.safetensors is of a kind that Easel does not know/),
    ]);
    expect(models.map(({ id }) => id)).toEqual(['tiny-conv']);
  });

  test.each([0, 0.5])('enlarges by one to the very size, with denoising strength %d', async (strength) => {
    const [plain, sharp] = await Promise.all(
      [upscaled(strength), upscaled(strength, 'sharp')].map(async (task) => (await engine.run(task)).pictures[0]),
    );
    expect(sharp).toMatchObject({ width: 128, height: 128 });
    expect(Buffer.from(sharp?.rgb ?? []).equals(Buffer.from(plain?.rgb ?? []))).toBe(false);
  });

  test('draws a second pass over it', async () => {
    const hires = { factor: 1.5, strength: 0.5, mode: 'lanczos', upscaler: 'sharp' } as const;
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, hires } });
    expect(pictures[0]).toMatchObject({ width: 96, height: 96 });
  });

  test.each([
    ['sharpp', /There is no upscaler "sharpp".*sharp/],
    ['old', /old\.pth is a pickle file, which can run code when it is opened; use the same weights as \.safetensors/],
    ['swin', /The upscaler swin\.safetensors is of a kind that Easel does not know; use an ESRGAN/],
  ])('refuses %s before anything is drawn', async (name, sentence) => {
    await expect(engine.check(upscaled(0, name))).rejects.toThrow(sentence);
  });
});
