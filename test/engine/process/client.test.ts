import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, isEngineError, type Progress, SPEC_LIMITS } from '../../../engine/index.ts';
import { tinyModel } from '../goldens.ts';

const spec: GenerationSpec = {
  prompt: 'a red fox',
  negative: '',
  width: 64,
  height: 64,
  steps: 6,
  guidance: 5,
  sampler: 'ddim',
  model: 'tiny-conv',
  seed: 0,
  count: 2,
  variations: [],
};
const slow: GenerationSpec = { ...spec, steps: 150, width: 256, height: 256 };

/** A provider of another operating system. */
const ELSEWHERE = process.platform === 'darwin' ? 'dml' : 'coreml';

describe('the engine in its own process', () => {
  const engine = createEngine({ modelSources: [tinyModel('tiny-conv'), tinyModel('tiny-half')], threads: 1 });
  afterAll(() => engine.close());
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: unknown) => (isEngineError(error) ? error.code : String(error)),
    );

  test('tells of every step, with previews, in order', async () => {
    const seen: Progress[] = [];
    await engine.run({ kind: 'generate', spec }, { onProgress: (progress) => seen.push(progress) });
    const steps = seen.filter(({ phase }) => phase === 'denoising');
    expect(steps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(seen.at(-1)?.phase).toBe('decoding');
    const preview = steps.find(({ previews }) => previews !== undefined)?.previews?.[0];
    expect(preview).toMatchObject({ width: 8, height: 8 });
    expect(new Set(preview?.rgb).size).toBeGreaterThan(4);
  });

  test('counts a step of two calls once, and shows it once', async () => {
    const seen: Progress[] = [];
    const heun: GenerationSpec = { ...spec, sampler: 'heun', count: 1, steps: 6 };
    await engine.run({ kind: 'generate', spec: heun }, { onProgress: (progress) => seen.push(progress) });
    const steps = seen.filter(({ phase }) => phase === 'denoising');
    expect(steps.map(({ step }) => step)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
    expect(steps.every((progress) => progress.steps === 6)).toBe(true);
    expect(steps.filter(({ previews }) => previews !== undefined).map(({ step }) => step)).toEqual([2, 4]);
  });

  test('makes the same picture from a picture’s own recipe', async () => {
    const { pictures } = await engine.run({
      kind: 'generate',
      spec: { ...spec, sampler: 'euler_a', seed: 2 ** 32 - 1 },
    });
    const second = pictures[1];
    if (second?.recipe.kind !== 'generate') throw new Error('two pictures were asked for');
    expect(second.recipe.spec).toMatchObject({ seed: 2 ** 32, count: 1 });
    const again = await engine.run(second.recipe);
    expect(Buffer.from(again.pictures[0]?.rgb ?? []).equals(second.rgb)).toBe(true);
  });

  test('enlarges a picture the same from its latents and from its recipe alone', async () => {
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, count: 1 } });
    const [source] = pictures;
    if (source === undefined) throw new Error('a picture was asked for');
    const task = { kind: 'upscale', source: source.recipe, factor: 1.5, strength: 0.5 } as const;
    const [fromLatents] = (await engine.run(task, { sourceLatents: source.latents })).pictures;
    const [fromRecipe] = (await engine.run(task)).pictures;
    expect(fromLatents).toMatchObject({ width: 96, height: 96, recipe: task });
    expect(Buffer.from(fromRecipe?.rgb ?? []).equals(fromLatents?.rgb ?? Buffer.alloc(0))).toBe(true);
  });

  test('stops between two steps when it is told to, and goes on with the next task', async () => {
    const controller = new AbortController();
    const stopped = engine.run(
      { kind: 'generate', spec: slow },
      { signal: controller.signal, onProgress: ({ step }) => step === 3 && controller.abort() },
    );
    expect(await codeOf(stopped)).toBe('aborted');
    expect(await codeOf(engine.run({ kind: 'generate', spec }))).toBe('none');
  });

  test('that is killed says so to its task, and a new one serves the next', async () => {
    const before = engine.pid ?? 0;
    const killed = engine.run(
      { kind: 'generate', spec: slow },
      { onProgress: ({ step }) => step === 2 && process.kill(before, 'SIGKILL') },
    );
    await expect(killed).rejects.toMatchObject({ code: 'engine_crashed', facts: { cause: 'memory' } });
    expect(await codeOf(engine.run({ kind: 'generate', spec }))).toBe('none');
    expect(engine.pid).not.toBe(before);
  });

  // On Windows every signal kills.
  test.skipIf(process.platform === 'win32')('goes on when a terminal’s Ctrl+C reaches it, too', async () => {
    const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], threads: 1 });
    const interrupt = (signal: NodeJS.Signals) => engine.pid !== undefined && process.kill(engine.pid, signal);
    const drawn = engine.run(
      { kind: 'generate', spec },
      { onProgress: ({ step }) => step === 1 && interrupt('SIGINT') && interrupt('SIGTERM') },
    );
    expect(await codeOf(drawn)).toBe('none');
    await engine.close();
  });

  test('changes models between tasks', async () => {
    expect(await codeOf(engine.run({ kind: 'generate', spec: { ...spec, model: 'tiny-half' } }))).toBe('none');
    expect(await codeOf(engine.run({ kind: 'generate', spec }))).toBe('none');
  });

  test.each([
    ['a side that is no multiple of 8', { width: 65 }, /Width must be a multiple of 8, not 65/],
    ['a side past its bound', { height: SPEC_LIMITS.maxSide + 8 }, /Height must be from 64 to 2048/],
    ['no steps', { steps: 0 }, /Steps must be from 1 to 150, not 0/],
    ['guidance that is no number', { guidance: Number.NaN }, /Guidance must be from 0 to 30, not NaN/],
    ['a seed of 2⁶⁴', { seed: '18446744073709551616' }, /Seed must be a whole number from 0 to 18446744073709551615/],
    ['a seed that was rounded', { seed: 2 ** 60 }, /Seed must be a whole number from 0 to/],
    ['half a seed', { seed: 1.5 }, /Seed must be a whole number from 0 to .*, not 1\.5/],
    ['an unknown model', { model: 'sdxl' }, /There is no model "sdxl"; use one of tiny-conv, tiny-half/],
  ])('refuses %s with a sentence', async (_what, change, sentence) => {
    await expect(engine.run({ kind: 'generate', spec: { ...spec, ...change } })).rejects.toThrow(sentence);
  });

  test('that is closed refuses at once', async () => {
    const closed = createEngine({ modelSources: [tinyModel('tiny-conv')] });
    await closed.close();
    expect(await codeOf(closed.run({ kind: 'generate', spec }))).toBe('aborted');
  });

  test('asked for a provider that is not there names those that are', async () => {
    const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], provider: ELSEWHERE });
    await expect(engine.load('tiny-conv')).rejects.toThrow(
      new RegExp(`no execution provider "${ELSEWHERE}" on this machine; use one of cpu`),
    );
    await engine.close();
  });

  test('that cannot start says so instead of trying for ever, and starts when it can', async () => {
    const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], threads: 1 });
    const run = () => codeOf(engine.run({ kind: 'generate', spec }));
    process.env.NODE_OPTIONS = '--require /nowhere.cjs';
    try {
      expect([await run(), await run(), await run()]).toEqual([
        'engine_crashed',
        'engine_unavailable',
        'engine_unavailable',
      ]);
    } finally {
      delete process.env.NODE_OPTIONS;
    }
    expect(await run()).toBe('none');
    await engine.close();
  });

  test('ends with the process that it works for, however that ends', async () => {
    const script = `
      import { createEngine } from './engine/index.ts';
      const engine = createEngine({ modelSources: [${JSON.stringify(tinyModel('tiny-conv'))}], threads: 1 });
      const onProgress = ({ step }) => step === 2 && process.stdout.write(engine.pid + '\\n');
      await engine.run({ kind: 'generate', spec: ${JSON.stringify(slow)} }, { onProgress });
    `;
    const shell = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(await new Promise((resolve) => shell.stdout.once('data', resolve)));
    expect(() => process.kill(pid, 0)).not.toThrow();
    shell.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
  });
});

/** A process that has ended stays in the table until somebody takes notice, which its parent no longer can. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}
