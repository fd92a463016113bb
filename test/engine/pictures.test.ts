import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec } from '../../engine/index.ts';
import { golden, goldenTensors, TINY_MODELS, tinyModel } from './goldens.ts';

type PictureCase = Omit<GenerationSpec, 'negative' | 'variations'> & {
  readonly name: string;
  readonly negative: string | null;
  readonly subseed: number | null;
  readonly strength: number;
  readonly rgb: string;
};

/** Of 255, in every pixel. */
const TOLERANCE = 2;

describe("a seed gives diffusers' picture", () => {
  const engine = createEngine({ modelFolders: TINY_MODELS.map(tinyModel), threads: 1 });
  afterAll(() => engine.close());
  const { cases } = golden<{ cases: PictureCase[] }>('pictures');

  test.each(cases.map((entry) => [entry.name, entry] as const))('%s', async (_name, entry) => {
    const tensor = await goldenTensors('pictures');
    const { name: _, negative, subseed, strength, rgb, ...rest } = entry;
    const variations = subseed === null ? [] : [{ seed: subseed, strength }];
    const spec: GenerationSpec = { ...pick(rest), negative: negative ?? '', variations, syntax: 'plain' };
    const { pictures } = await engine.run({ kind: 'generate', spec });
    expect(pictures).toHaveLength(entry.count);
    const actual = Buffer.concat(pictures.map((picture) => picture.rgb));
    const expected = tensor(rgb).bytes;
    expect(actual).toHaveLength(expected.length);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });
});

function pick(entry: Omit<GenerationSpec, 'negative' | 'variations'>) {
  const { prompt, width, height, steps, guidance, sampler, model, seed, count } = entry;
  return { prompt, width, height, steps, guidance, sampler, model, seed, count };
}
