import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Engine,
  type EngineTask,
  type GenerationSpec,
  type RunResult,
  SAMPLER_NAMES,
} from '../../../engine/index.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { tinyModel } from '../goldens.ts';

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

/** Of all their pictures' colours; 999 where they differ in number or size. */
function worstDifference(a: RunResult | undefined, b: RunResult | undefined): number {
  let worst = a?.pictures.length === b?.pictures.length ? 0 : 999;
  for (const [i, { rgb }] of (a?.pictures ?? []).entries()) {
    const other = b?.pictures[i]?.rgb;
    for (const [at, value] of rgb.entries()) worst = Math.max(worst, Math.abs(value - (other?.[at] ?? 999)));
  }
  return worst;
}

describe('tasks given to the engine at the same time', () => {
  const engine = createRuntime({ modelSources: MODELS, threads: 1, maxRows: 6 });
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
      expect(worstDifference(together[i], alone[i]), JSON.stringify(MIXED[i])).toBeLessThanOrEqual(TOLERANCE);
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

describe('tasks that join and leave while others are drawn', () => {
  const LORAS = fileURLToPath(new URL('../../fixtures/loras', import.meta.url));
  /** The first is under way all the time; the others come with its steps, so that no two begin or end together. */
  const first = generate({ steps: 24, seed: 5 });
  const LATER: readonly { readonly atStep: number; readonly task: EngineTask }[] = [
    { atStep: 2, task: generate({ sampler: 'dpmpp_2m_karras', steps: 7, guidance: 1, seed: 12 }) },
    { atStep: 3, task: generate({ prompt: 'a fox <lora:ink:0.8>', steps: 6, seed: 13 }) },
    { atStep: 5, task: generate({ sampler: 'heun', steps: 4, guidance: 9, count: 2, seed: 14 }) },
    { atStep: 6, task: generate({ prompt: 'a fox <lora:wash:1> <lora:ink:0.3>', sampler: 'euler_a', steps: 5 }) },
    { atStep: 9, task: generate({ sampler: 'dpmpp_sde', steps: 5, guidance: 3, guidanceRescale: 0.7, seed: 15 }) },
    { atStep: 11, task: generate({ sampler: 'unipc', steps: 6, negative: 'snow, '.repeat(40), seed: 16 }) },
    { atStep: 15, task: generate({ prompt: 'a fox <lora:ink:0.8>', sampler: 'lcm', guidance: 1, steps: 3, seed: 17 }) },
  ];

  async function withLoras(check: (engine: Engine) => Promise<void>): Promise<void> {
    const root = await mkdtemp(join(tmpdir(), 'easel-batcher-'));
    await cp(tinyModel('tiny-conv'), join(root, 'tiny-conv'), { recursive: true });
    await cp(LORAS, join(root, 'Lora'), { recursive: true });
    const engine = createRuntime({ modelSources: [root], threads: 1, maxRows: 6 });
    try {
      await check(engine);
    } finally {
      await engine.close();
      await rm(root, { recursive: true });
    }
  }

  it('become the pictures that they are alone, each by its own sampler, guidance and LoRAs', async () => {
    await withLoras(async (engine) => {
      const alone: RunResult[] = [];
      for (const task of [first, ...LATER.map(({ task }) => task)]) alone.push(await engine.run(task));

      const joined = new Map<EngineTask, Promise<RunResult>>();
      const cancelled = new AbortController();
      const led = await engine.run(first, {
        onProgress: ({ step }) => {
          for (const { atStep, task } of LATER) {
            if (step === atStep && !joined.has(task)) joined.set(task, engine.run(task));
          }
          // One that shares their steps leaves in the middle of its own.
          if (step === 4)
            engine.run(generate({ seed: 99, steps: 9 }), { signal: cancelled.signal }).catch(() => undefined);
          if (step === 8) cancelled.abort();
        },
      });
      expect(joined.size).toBe(LATER.length);
      const together = [led, ...(await Promise.all(LATER.map(({ task }) => joined.get(task))))];
      for (const [i, result] of together.entries()) {
        expect(worstDifference(result, alone[i]), `${i}`).toBeLessThanOrEqual(TOLERANCE);
      }
    });
  });
});
