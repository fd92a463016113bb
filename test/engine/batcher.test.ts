import { afterAll, describe, expect, it } from 'vitest';
import { type EngineTask, type GenerationSpec, SAMPLER_NAMES } from '../../engine/index.ts';
import { createRuntime } from '../../engine/runtime.ts';
import { tinyModel } from './goldens.ts';

const MODELS = ['tiny-conv', 'tiny-linear'].map(tinyModel);
const SPEC: GenerationSpec = {
  ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 4, guidance: 5, model: 'tiny-conv' },
  ...{ sampler: 'ddim', seed: 1, count: 1, variations: [] },
};
const generate = (changes: Partial<GenerationSpec>): EngineTask => ({
  kind: 'generate',
  spec: { ...SPEC, ...changes },
});

/** Of 255: rows of a batch are the same numbers, summed in another order. */
const TOLERANCE = 1;

describe('tasks given to the engine at the same time', () => {
  const engine = createRuntime({ modelFolders: MODELS, threads: 1, maxRows: 6 });
  afterAll(() => engine.close());

  const MIXED: readonly EngineTask[] = [
    ...SAMPLER_NAMES.map((sampler, i) => generate({ sampler, seed: i, steps: 2 + (i % 5) })),
    generate({ guidance: 1, seed: 11 }),
    generate({ count: 3, seed: 21 }),
    generate({ width: 96, seed: 31 }),
    generate({ prompt: 'a long prompt of many words, '.repeat(20), seed: 41 }),
    generate({ prompt: '[a fox|an owl]', seed: 51 }),
    { kind: 'upscale', source: { kind: 'generate', spec: { ...SPEC, seed: 61 } }, factor: 2, strength: 0.5 },
    generate({ model: 'tiny-linear', seed: 71 }),
    generate({ seed: 81 }),
  ];

  it('become the pictures that they are alone', async () => {
    const alone = [];
    for (const task of MIXED) alone.push(await engine.run(task));
    const together = await Promise.all(MIXED.map((task) => engine.run(task)));
    for (const [i, { pictures }] of together.entries()) {
      const expected = alone[i]?.pictures ?? [];
      expect(pictures.map(({ recipe }) => recipe)).toEqual(expected.map(({ recipe }) => recipe));
      for (const [k, { rgb }] of pictures.entries()) {
        const other = expected[k]?.rgb ?? new Uint8Array();
        const worst = rgb.reduce((max, value, at) => Math.max(max, Math.abs(value - (other[at] ?? 999))), 0);
        expect(worst, JSON.stringify(MIXED[i])).toBeLessThanOrEqual(TOLERANCE);
      }
    }
  });

  it('share the steps: a short one that comes late ends before a long one that runs', async () => {
    const ended: string[] = [];
    let late: Promise<unknown> | undefined;
    const long = engine.run(generate({ steps: 40 }), {
      onProgress: ({ step }) => {
        if (step === 5) late ??= engine.run(generate({ steps: 3 })).then(() => ended.push('short'));
      },
    });
    await long.then(() => ended.push('long'));
    await late;
    expect(ended).toEqual(['short', 'long']);
  });

  it('end alone when they are cancelled', async () => {
    const controller = new AbortController();
    const cancelled = engine.run(generate({ steps: 60 }), {
      signal: controller.signal,
      onProgress: ({ step }) => step === 2 && controller.abort(),
    });
    const other = engine.run(generate({ steps: 8 }));
    await expect(cancelled).rejects.toMatchObject({ code: 'aborted' });
    expect((await other).pictures).toHaveLength(1);
  });

  it('wait for a model of which there is no room beside another, in the order they came', async () => {
    const ended: string[] = [];
    const run = (name: string, changes: Partial<GenerationSpec>) =>
      engine.run(generate(changes)).then(() => ended.push(name));
    await Promise.all([
      run('first', { steps: 6 }),
      run('other model', { steps: 2, model: 'tiny-linear' }),
      run('back again', { steps: 1 }),
    ]);
    expect(ended).toEqual(['first', 'other model', 'back again']);
  });

  it('fail alone', async () => {
    const wrong = engine.run(generate({ model: 'nowhere' }));
    const right = engine.run(generate({}));
    await expect(wrong).rejects.toThrow(/There is no model/);
    expect((await right).pictures).toHaveLength(1);
  });
});
