import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineTask } from '../../../engine/index.ts';
import { resizePicture } from '../../../engine/latents/pillow-resize.ts';
import { openSafetyChecker, type SafetyChecker } from '../../../engine/safety/checker.ts';
import { clipPixels } from '../../../engine/safety/preprocess.ts';
import { createSessionOpener } from '../../../engine/session/session-swapper.ts';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';

interface SafetyCase {
  readonly width: number;
  readonly height: number;
  readonly picture: string;
  readonly pixels: string;
  readonly embedding: readonly number[];
  readonly unsafe: boolean;
}

const FOLDER = fileURLToPath(new URL('../../fixtures/safety-checker', import.meta.url));
const CPU = { provider: 'cpu', threads: 1 } as const;
/** One of 255, normalised. */
const BYTE = 1 / 255 / 0.26130258;

describe("the safety checker is diffusers'", () => {
  const { side, cases } = golden<{ side: number; cases: SafetyCase[] }>('safety');
  let checker: SafetyChecker;
  beforeAll(async () => {
    checker = await openSafetyChecker(
      { folder: FOLDER, file: `${FOLDER}/model.safetensors` },
      createSessionOpener(CPU, false),
      CPU,
    );
  });
  afterAll(() => checker.close());

  test.each(cases)('for a picture of $width×$height', async ({ width, height, picture, pixels, embedding, unsafe }) => {
    const tensor = await goldenTensors('safety');
    const image = { width, height, rgb: tensor(picture).bytes };
    const expected = tensor(pixels).floats;
    const worst = clipPixels(image, side).reduce((most, value, i) => {
      return Math.max(most, Math.abs(value - (expected[i] ?? Number.NaN)));
    }, 0);
    expect(worst).toBeLessThanOrEqual(BYTE * 1.01);
    expect(relativeError(await checker.embed(image), embedding)).toBeLessThan(0.01);
    expect(await checker.isUnsafe(image)).toBe(unsafe);
  });

  test('which finds some and not others', () => {
    expect(new Set(cases.map(({ unsafe }) => unsafe))).toEqual(new Set([true, false]));
  });
});

describe('a model with a safety checker', () => {
  let folder: string;
  const task = (safety?: boolean): EngineTask => ({
    kind: 'generate',
    spec: {
      ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 2, guidance: 5, model: 'checked' },
      ...{ sampler: 'ddim', seed: 1, count: 2, variations: [], ...(safety !== undefined && { safety }) },
    },
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'easel-'));
    await cp(tinyModel('tiny-conv'), join(folder, 'checked'), { recursive: true });
    await cp(FOLDER, join(folder, 'checked', 'safety_checker'), { recursive: true });
    await forbidEverything(join(folder, 'checked', 'safety_checker', 'model.safetensors'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('withholds what it objects to, says so, and lets it through where that is allowed', async () => {
    const engine = createEngine({ modelSources: [join(folder, 'checked')], threads: 1 });
    const judged = await engine.run(task());
    expect(judged.pictures.map(({ withheld }) => withheld)).toEqual([true, true]);
    expect(judged.pictures.every(({ rgb }) => rgb.every((value) => value === 0))).toBe(true);
    expect(judged.notes).toEqual(["The model's safety checker withheld a picture; another seed or prompt may pass."]);
    const free = await engine.run(task(false));
    expect(free.pictures.some(({ rgb }) => rgb.some((value) => value > 0))).toBe(true);
    expect(free.notes).toEqual([]);
    await engine.close();
  });

  test('whose weights are missing is refused', async () => {
    await rm(join(folder, 'checked', 'safety_checker', 'model.safetensors'));
    const engine = createEngine({ modelSources: [join(folder, 'checked')], threads: 1 });
    await expect(engine.describe()).rejects.toThrow(/lacks .*safety_checker/);
  });
});

/** Thresholds that every picture is above. */
async function forbidEverything(file: string): Promise<void> {
  const threshold = (await readSafetensors(file)).get('concept_embeds_weights');
  if (threshold === undefined) throw new Error('no thresholds');
  const bytes = await readFile(file);
  for (let i = 0; i < threshold.length; i += 4) bytes.writeFloatLE(-2, threshold.offset + i);
  await writeFile(file, bytes);
}

describe('a resized picture', () => {
  test('keeps an even area even, by either filter', () => {
    const grey = { width: 9, height: 7, rgb: new Uint8Array(9 * 7 * 3).fill(99) };
    for (const filter of ['bicubic', 'lanczos'] as const) {
      for (const [width, height] of [
        [20, 5],
        [3, 3],
        [9, 21],
      ] as const) {
        const resized = resizePicture(grey, width, height, filter);
        expect(resized.rgb).toHaveLength(width * height * 3);
        expect(resized.rgb.every((value) => value === 99)).toBe(true);
      }
    }
  });
});
