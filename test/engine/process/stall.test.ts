import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type EngineHost, type EngineLoss, type EngineTask } from '../../../engine/index.ts';
import { STALL_LIMITS, StallWatch } from '../../../engine/process/stall-watch.ts';
import { CallTimes } from '../../../engine/session/activity.ts';
import { tinyModel } from '../goldens.ts';

const SILENCE_MS = 5000;

function task(steps: number): EngineTask {
  const size = { width: 256, height: 256 };
  const rest = { prompt: 'a red fox', negative: '', guidance: 5, sampler: 'ddim', seed: 0, count: 2, variations: [] };
  return { kind: 'generate', spec: { ...rest, ...size, steps, sampler: 'ddim', model: 'tiny-conv' } };
}

// Windows has neither signal: there it kills.
describe.skipIf(process.platform === 'win32')('an engine that is stopped', () => {
  let engine: EngineHost;
  let losses: EngineLoss[];

  beforeEach(() => {
    engine = createEngine({
      modelSources: [tinyModel('tiny-conv')],
      threads: 1,
      stall: { silenceMs: SILENCE_MS, usualSteps: 2 },
    });
    losses = [];
    engine.onLost?.((loss) => losses.push(loss));
  });
  afterEach(() => engine.close());

  const signal = (name: NodeJS.Signals) => process.kill(engine.pid ?? 0, name);
  const HUNG = { code: 'engine_crashed', facts: { cause: 'hung' } };

  test('between two steps is ended within its limit, tells its task, and the next one draws', async () => {
    let stoppedAt = 0;
    const stop = () => {
      stoppedAt = performance.now();
      signal('SIGSTOP');
    };
    const stuck = engine.run(task(150), { onProgress: ({ step }) => step === 3 && stoppedAt === 0 && stop() });
    await expect(stuck).rejects.toMatchObject({ ...HUNG, facts: { cause: 'hung', phase: 'denoising' } });
    expect(performance.now() - stoppedAt).toBeLessThan(4 * SILENCE_MS);
    expect(losses).toEqual([
      {
        cause: 'hung',
        why: expect.stringMatching(/^it has not responded for \d+ s$/),
        pid: expect.any(Number),
        tasks: 1,
      },
    ]);
    expect((await engine.run(task(2))).pictures).toHaveLength(2);
    expect(losses).toHaveLength(1);
  });

  test('while it had nothing to do tells the next task, and the one after it draws', async () => {
    await engine.run(task(1));
    signal('SIGSTOP');
    await expect(engine.run(task(1))).rejects.toMatchObject(HUNG);
    expect((await engine.run(task(1))).pictures).toHaveLength(2);
  });

  test('while it loads the model is not waited for as long as loading may take', async () => {
    const loading = engine.load('tiny-conv');
    await expect.poll(() => engine.memoryBytes, { timeout: 20_000, interval: 2 }).toBeDefined();
    signal('SIGSTOP');
    await expect(loading).rejects.toMatchObject(HUNG);
  });

  test('by a kill says so without having work, too', async () => {
    await engine.load('tiny-conv');
    const { pid } = engine;
    signal('SIGKILL');
    await expect.poll(() => losses).toMatchObject([{ cause: 'memory', pid, tasks: 0 }]);
    expect(losses[0]?.why).toContain('the system killed it');
  });

  test('because it is closed is no loss', async () => {
    await engine.load('tiny-conv');
    await engine.close();
    expect(losses).toEqual([]);
  });

  test('and goes on within its limit loses nothing', async () => {
    let paused = false;
    const pause = () => {
      paused = true;
      signal('SIGSTOP');
      setTimeout(() => signal('SIGCONT'), SILENCE_MS / 2);
    };
    const drawn = engine.run(task(6), { onProgress: ({ step }) => step === 3 && !paused && pause() });
    expect((await drawn).pictures).toHaveLength(2);
    expect(losses).toEqual([]);
  });
});

describe('a process is taken for hung', () => {
  const stalls: string[] = [];
  let watch: StallWatch;
  const calling = (usualMs?: number) =>
    watch.heard({ kind: 'calling', id: 0, call: { call: 1, ...(usualMs !== undefined && { usualMs }) } });
  const { silenceMs, loadingMs, startingMs } = STALL_LIMITS;
  const LOOK_MS = 1000;

  /** The milliseconds after which it is noticed, if it is. */
  function noticedAfter(limitMs: number, eachSecond: () => void = () => undefined): number | undefined {
    for (let passed = 0; passed < limitMs; passed += LOOK_MS) {
      vi.advanceTimersByTime(LOOK_MS);
      if (stalls.length > 0) return passed + LOOK_MS;
      eachSecond();
    }
    return undefined;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    stalls.length = 0;
    watch = new StallWatch(STALL_LIMITS, (why) => stalls.push(why));
    watch.hasWork = true;
  });
  afterEach(() => {
    watch.stop();
    vi.useRealTimers();
  });
  const opened = () => watch.heard({ kind: 'opened', id: 0 });

  test('after a minute of silence, and never while it has no work', () => {
    opened();
    watch.hasWork = false;
    expect(noticedAfter(2 * loadingMs)).toBeUndefined();
    watch.hasWork = true;
    expect(noticedAfter(2 * loadingMs)).toBe(silenceMs + LOOK_MS);
    expect(stalls).toEqual(['it has not answered for 61 s']);
  });

  test.each([
    ['a minute, of quick steps', 200, 60_000],
    ['twenty usual steps, of slow ones', 9000, 180_000],
  ])('in a step after %s', (_what, usualMs, expected) => {
    opened();
    calling(usualMs);
    expect(noticedAfter(2 * loadingMs, () => watch.beat())).toBe(expected + LOOK_MS);
    expect(stalls[0]).toMatch(/^one step has taken/);
  });

  test('not because many steps follow on each other', () => {
    opened();
    const step = () => {
      watch.heard({ kind: 'called', id: 0, call: { call: 1 } });
      calling(500);
    };
    expect(noticedAfter(2 * loadingMs, step)).toBeUndefined();
  });

  test('in the first step of a network, of which nothing is known, as late as in loading', () => {
    opened();
    calling();
    expect(noticedAfter(2 * loadingMs, () => watch.beat())).toBe(loadingMs + LOOK_MS);
  });

  test('in loading after a quarter of an hour, each sign of life counted', () => {
    opened();
    watch.heard({ kind: 'loading', id: 0, isLoading: true });
    expect(noticedAfter(loadingMs)).toBeUndefined();
    watch.heard({ kind: 'progress', id: 1, progress: { phase: 'downloading', step: 1, steps: 2 } });
    expect(noticedAfter(2 * loadingMs)).toBe(loadingMs + LOOK_MS);
  });

  test('in starting after three minutes', () => {
    expect(noticedAfter(loadingMs)).toBe(startingMs + LOOK_MS);
  });

  test('in loading too, after a minute without a beat', () => {
    opened();
    watch.beat();
    watch.heard({ kind: 'loading', id: 0, isLoading: true });
    expect(noticedAfter(loadingMs)).toBe(silenceMs + LOOK_MS);
    expect(stalls).toEqual(['it has not responded for 61 s']);
  });
});

test('the host that stands still itself, as on a suspended machine, takes nothing for hung', async () => {
  const stalls: string[] = [];
  const limits = { ...STALL_LIMITS, silenceMs: 200, startingMs: 200 };
  const watch = new StallWatch(limits, (why) => stalls.push(why));
  watch.heard({ kind: 'opened', id: 0 });
  watch.hasWork = true;
  await new Promise((resolve) => setTimeout(resolve, 50));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(stalls).toEqual([]);
  watch.stop();
});

describe('how long a call usually takes', () => {
  const inputs = (rows: number, side: number) => ({
    sample: { shape: [rows, 4, side, side] },
    adapter: { shape: [10_000, 100] },
  });

  test('is unknown before the first, then what the latest took', () => {
    const times = new CallTimes(false);
    expect(times.usualMs(inputs(1, 8))).toBeUndefined();
    times.record(inputs(1, 8), 100);
    expect(times.usualMs(inputs(1, 8))).toBe(100);
    expect(times.usualMs(inputs(1, 4))).toBe(100);
  });

  test('grows with the square of a picture, whatever else goes in', () => {
    const times = new CallTimes(false);
    times.record(inputs(1, 8), 100);
    expect(times.usualMs(inputs(1, 16))).toBe(1600);
    expect(times.usualMs(inputs(2, 8))).toBe(400);
  });

  test('is unknown for a new shape where kernels are compiled', () => {
    const times = new CallTimes(true);
    times.record(inputs(1, 8), 100);
    expect(times.usualMs(inputs(1, 8))).toBe(100);
    expect(times.usualMs(inputs(1, 16))).toBeUndefined();
  });
});
