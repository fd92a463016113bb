import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, rowsPerPicture } from '../../../engine/index.ts';
import { promptParts } from '../../../engine/prompt/composition.ts';
import { costOf, loadOf } from '../../../src/queue/cost.ts';
import { specWith } from '../../doubles/samples.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';

type CompositionCase = Omit<GenerationSpec, 'variations' | 'count'> & {
  readonly name: string;
  readonly parts: readonly (readonly [text: string, weight: number])[];
};

/** Of 255, in every pixel; and of the greatest magnitude of latents. */
const TOLERANCE = 2;
const LATENTS_TOLERANCE = 1e-3;

const { cases } = golden<{ cases: CompositionCase[] }>('composition');
const spec: GenerationSpec = {
  ...{ prompt: 'a red fox AND the sea :0.5', negative: 'text', width: 64, height: 64, steps: 3, guidance: 4 },
  ...{ sampler: 'ddim', model: 'tiny-conv', seed: 3, count: 1, variations: [] },
};

describe('prompts joined by AND', () => {
  const engine = createEngine({
    modelSources: ['tiny-conv', 'tiny-linear'].map(tinyModel),
    threads: 1,
    previewEvery: 0,
  });
  afterAll(() => engine.close());
  const draw = async (changes: Partial<GenerationSpec>) => {
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, ...changes } });
    return Buffer.concat(pictures.map(({ rgb }) => rgb));
  };

  test.each(cases.map((entry) => [entry.name, entry] as const))("%s: are read as AUTOMATIC1111's", (_, entry) => {
    expect(promptParts(entry.prompt).map(({ text, weight }) => [text, weight])).toEqual(entry.parts);
  });

  test.each(cases.map((entry) => [entry.name, entry] as const))(
    "%s: give the picture that diffusers' networks give, composed",
    async (name, { parts: _, name: __, ...entry }) => {
      const tensor = await goldenTensors('composition');
      const task = { kind: 'generate', spec: { ...entry, count: 1, variations: [] } } as const;
      const { pictures } = await engine.run(task);
      expect(relativeError(pictures[0]?.latents.data ?? [], tensor(`${name}/latents`).floats)).toBeLessThan(
        LATENTS_TOLERANCE,
      );
      const expected = tensor(`${name}/rgb`).bytes;
      const worst = expected.reduce(
        (max, value, i) => Math.max(max, Math.abs(value - (pictures[0]?.rgb[i] ?? 999))),
        0,
      );
      expect(worst).toBeLessThanOrEqual(TOLERANCE);
    },
  );

  test('without AND a number behind a colon is text', () => {
    expect(promptParts('a clock at 12:30')).toEqual([{ text: 'a clock at 12:30', weight: 1 }]);
    expect(promptParts('BRAND new sANDwich and more')).toHaveLength(1);
  });

  test('are not composed in plain prompts, nor in the negative one', async () => {
    expect(rowsPerPicture({ prompt: 'a AND b', guidance: 4, syntax: 'plain' })).toBe(2);
    const plain = await draw({ syntax: 'plain' });
    expect(plain.equals(await draw({}))).toBe(false);
    expect((await draw({ negative: 'a AND b' })).equals(await draw({ negative: 'a' }))).toBe(false);
  });

  test('leave the pictures of others as they are that are drawn in the same calls, and theirs too', async () => {
    const tasks: Partial<GenerationSpec>[] = [
      { count: 2 },
      { prompt: 'a blue house', seed: 8 },
      { prompt: 'a blue house', guidance: 1, seed: 9 },
      { prompt: 'a AND b :1.2 AND [c:d:2] :0.3', negative: '', sampler: 'euler', seed: 10 },
      { prompt: `${'red, '.repeat(60)} AND a fox`, seed: 11 },
    ];
    const alone: Buffer[] = [];
    for (const task of tasks) alone.push(await draw(task));
    const together = await Promise.all(tasks.map(draw));
    for (const [i, rgb] of together.entries()) {
      const worst = rgb.reduce((max, value, p) => Math.max(max, Math.abs(value - (alone[i]?.[p] ?? 999))), 0);
      expect(worst, `task ${i}`).toBeLessThanOrEqual(1);
    }
  });

  test('cost what they take of the engine: a row for each part, and one for the negative prompt', () => {
    const work = (prompt: string, guidance: number) =>
      costOf({ kind: 'generate', spec: specWith({ prompt, guidance }) });
    expect(work('a AND b AND c', 4)).toBe(2 * work('a', 4));
    expect(work('a AND b AND c', 1)).toBe(4 * work('a', 1));
    const load = (prompt: string) => loadOf({ kind: 'generate', spec: specWith({ prompt, guidance: 4 }) });
    expect(load('<lora:AND:1> a AND b')).toBe(1.5 * load('a'));
  });

  test('are refused where they are too many, or weigh beyond all use', async () => {
    const check = (prompt: string) => engine.check({ kind: 'generate', spec: { ...spec, prompt } });
    await expect(check('a AND '.repeat(9))).rejects.toThrow(
      'The prompt has 10 parts joined by AND, but the limit is 8; join fewer parts.',
    );
    await expect(check('a AND b:101')).rejects.toThrow(
      'The weight of a part after AND must be from -100 to 100, not 101.',
    );
    await expect(check('a AND b:-100')).resolves.toBeUndefined();
  });
});
