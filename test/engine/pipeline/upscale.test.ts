import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type GenerationSpec,
  type Picture,
  type Progress,
  RESAMPLE_MODES,
  SPEC_LIMITS,
  specOf,
  type UpscaleMode,
  type UpscaleSettings,
  type UpscaleTask,
} from '../../../engine/index.ts';
import { resizePicture } from '../../../engine/latents/pillow-resize.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { relativeError, tinyModel } from '../goldens.ts';

const SPEC: GenerationSpec = {
  ...{ prompt: 'a red fox', negative: 'blue', width: 64, height: 72, steps: 4, guidance: 5, sampler: 'ddim' },
  ...{ model: 'tiny-conv', seed: 5, count: 1, variations: [] },
};

describe('a picture enlarged', () => {
  const engine = createRuntime({ modelSources: [tinyModel('tiny-conv')], threads: 1 });
  afterAll(() => engine.close());
  let source: Picture;
  beforeAll(async () => {
    source = await only(engine.run({ kind: 'generate', spec: SPEC }));
  });

  const task = (changes: Partial<UpscaleTask>): UpscaleTask => ({
    ...{ kind: 'upscale', source: source.recipe, factor: 2, strength: 0.5 },
    ...changes,
  });
  const enlarge = (changes: Partial<UpscaleTask>, sourceLatents = source.latents) =>
    only(engine.run(task(changes), { sourceLatents }));

  test('plainly by Lanczos is its own pixels, as Pillow enlarges them', async () => {
    const picture = await enlarge({ mode: 'lanczos', strength: 0, factor: 4 });
    expect(picture).toMatchObject({ width: 256, height: 288 });
    expect(picture.rgb).toEqual(resizePicture(source, 256, 288, 'lanczos').rgb);
  });

  test('by Lanczos and refined is drawn anew over those pixels', async () => {
    const plain = await enlarge({ mode: 'lanczos', strength: 0 });
    const refined = await enlarge({ mode: 'lanczos', strength: 0.25 });
    expect(refined).toMatchObject({ width: 128, height: 144 });
    expect(refined.rgb).not.toEqual(plain.rgb);
    expect(refined.latents.shape).toEqual([4, 18, 16]);
  });

  test.each([1.5, 2, 4])('%d times has sides of whole latents, whatever the mode', async (factor) => {
    for (const mode of [...RESAMPLE_MODES, 'lanczos'] satisfies UpscaleMode[]) {
      const { width, height, latents } = await enlarge({ factor, mode, strength: 0 });
      expect([width, height], mode).toEqual([64 * factor, Math.round(9 * factor) * 8]);
      expect(latents.shape, mode).toEqual([4, height / 8, width / 8]);
    }
  });

  test('is another picture by each mode, and the same each time', async () => {
    const pictures = await Promise.all(
      ([...RESAMPLE_MODES, 'lanczos'] as const).map((mode) => enlarge({ mode, strength: 0.25 })),
    );
    for (const [i, one] of pictures.entries()) {
      for (const other of pictures.slice(i + 1)) expect(one.rgb).not.toEqual(other.rgb);
    }
    expect((await enlarge({ mode: 'lanczos', strength: 0.25 })).rgb).toEqual(pictures.at(-1)?.rgb);
  });

  test.each([0, 0.5])(
    'and enlarged again is the same from its latents and from its recipe, strength %d',
    async (strength) => {
      const once = await enlarge({ mode: 'lanczos', strength, factor: 1.5 });
      const again = { source: once.recipe, factor: 1.5, strength: 0.5 };
      const fromLatents = await enlarge(again, once.latents);
      const fromRecipe = await only(engine.run(task(again)));
      expect(relativeError(fromRecipe.latents.data, fromLatents.latents.data)).toBeLessThan(1e-5);
    },
  );

  test('beyond the largest side is refused with a sentence', async () => {
    const wide = { kind: 'generate', spec: { ...SPEC, width: 2048 } } as const;
    await expect(engine.run(task({ source: wide, factor: 4 }))).rejects.toThrow(
      `The upscaled picture would be 8192×288, but the limit is ${SPEC_LIMITS.maxUpscaledSide} pixels per side; use a smaller factor.`,
    );
    // Of the types, none would let it through.
    const mode = JSON.parse('"sinc"');
    await expect(engine.run(task({ mode }))).rejects.toThrow(
      '"sinc" is not an upscale mode; use one of bilinear, nearest, bicubic, lanczos.',
    );
  });
});

describe('a picture drawn in two passes', () => {
  const engine = createRuntime({ modelSources: [tinyModel('tiny-conv')], threads: 1 });
  afterAll(() => engine.close());
  const draw = (changes: Partial<GenerationSpec>, onProgress?: (progress: Progress) => void) =>
    engine.run({ kind: 'generate', spec: { ...SPEC, ...changes } }, onProgress === undefined ? {} : { onProgress });

  test.each<UpscaleSettings>([
    { factor: 2, strength: 0.5 },
    { factor: 1.5, strength: 0.75, mode: 'nearest' },
    { factor: 2, strength: 0.5, mode: 'lanczos' },
    { factor: 2, strength: 0, mode: 'lanczos' },
  ])('is the one that is enlarged afterwards, in a batch as alone: %o', async (hires) => {
    const plain = await draw({ count: 2 });
    const both = await draw({ count: 2, hires });
    for (const [i, picture] of both.pictures.entries()) {
      const source = plain.pictures[i];
      if (source === undefined) throw new Error('two pictures were asked for');
      const task: UpscaleTask = { kind: 'upscale', source: source.recipe, ...hires };
      const larger = await only(engine.run(task, { sourceLatents: source.latents }));
      expect([picture.width, picture.height]).toEqual([larger.width, larger.height]);
      expect(relativeError(picture.latents.data, larger.latents.data)).toBeLessThan(1e-5);
      expect(picture.recipe).toEqual({ kind: 'generate', spec: { ...specOf(source.recipe), hires } });
      // Its own recipe makes it again, and so it can be enlarged further without its latents.
      const again: UpscaleTask = { kind: 'upscale', source: picture.recipe, factor: 1.5, strength: 0.25 };
      const fromLatents = await only(engine.run(again, { sourceLatents: picture.latents }));
      const fromRecipe = await only(engine.run(again));
      expect(relativeError(fromRecipe.latents.data, fromLatents.latents.data)).toBeLessThan(1e-5);
    }
  });

  test('begins from a picture in its first pass alone', async () => {
    const init = { width: 64, height: 72, rgb: new Uint8Array(64 * 72 * 3).fill(90) };
    const spec: GenerationSpec = {
      ...SPEC,
      init: { image: 'grey', strength: 0.5 },
      hires: { factor: 2, strength: 0.25 },
    };
    const picture = await only(engine.run({ kind: 'generate', spec }, { init }));
    expect(picture).toMatchObject({ width: 128, height: 144 });
  });

  test('counts the steps of both, from the first on', async () => {
    const seen: Progress[] = [];
    await draw({ hires: { factor: 2, strength: 0.5, mode: 'lanczos' } }, (progress) => seen.push(progress));
    const steps = seen.filter(({ phase }) => phase === 'denoising').map((progress) => [progress.step, progress.steps]);
    expect(steps).toEqual([0, 1, 2, 3, 4, 5].map((step) => [step, 6]));
    const places = seen.map(({ step }) => step);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ phase: 'decoding', step: 6, steps: 6 });
  });

  test('beyond the bounds of an enlargement is refused', async () => {
    await expect(draw({ hires: { factor: 5, strength: 0.5 } })).rejects.toThrow(
      'The upscale factor must be from 1 to 4',
    );
    await expect(draw({ width: 2048, hires: { factor: 4, strength: 0.5 } })).rejects.toThrow(
      /^The upscaled picture would be 8192×288/,
    );
  });
});

async function only(running: Promise<{ readonly pictures: readonly Picture[] }>): Promise<Picture> {
  const [picture] = (await running).pictures;
  if (picture === undefined) throw new Error('one picture was asked for');
  return picture;
}
