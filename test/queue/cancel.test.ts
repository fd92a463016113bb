import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Engine, type GenerationSpec, isEngineError, type Progress, specOf } from '../../engine/index.ts';
import type { Networks, openNetworks } from '../../engine/networks.ts';
import { createRuntime } from '../../engine/runtime.ts';
import type { Job } from '../../src/core/job.ts';
import { userKey } from '../../src/core/user.ts';
import { costOf } from '../../src/queue/cost.ts';
import { createLocalQueue } from '../../src/queue/local.ts';
import type { JobQueue } from '../../src/queue/port.ts';
import type { Use } from '../../src/queue/usage.ts';
import { createRunner } from '../../src/runner.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { draftOf, personNamed } from '../doubles/tasks.ts';
import { tinyModel } from '../engine/goldens.ts';

type OpenArguments = Parameters<typeof openNetworks>;

/** Told of each call of a network just before it is made; the network itself is the real one. */
const calls = vi.hoisted(() => ({ listener: (_network: 'text' | 'unet' | 'vae'): void => {} }));

vi.mock('../../engine/networks.ts', async (importOriginal) => {
  const real = await importOriginal<typeof import('../../engine/networks.ts')>();
  function watch(networks: Networks): Networks {
    const watched: Networks = {
      ...networks,
      encodeText: (...args) => {
        calls.listener('text');
        return networks.encodeText(...args);
      },
      predict: (...args) => {
        calls.listener('unet');
        return networks.predict(...args);
      },
      decode: (...args) => {
        calls.listener('vae');
        return networks.decode(...args);
      },
      withLoras: async (loras) => (loras.length === 0 ? watched : watch(await networks.withLoras(loras))),
    };
    return watched;
  }
  return { ...real, openNetworks: async (...args: OpenArguments) => watch(await real.openNetworks(...args)) };
});

const STEPS = 12;
const SPEC: Partial<GenerationSpec> = { model: 'tiny-conv', steps: STEPS, guidance: 5, count: 2 };
/** Of A1, B1 and C1 together, with guidance. */
const ROWS = 12;

/** One thing that happened: `unet`, `A1 denoising 3`, `A1 over`. */
type Happening = string;

/**
 * Time is counted in the engine's own calls, not in milliseconds: engine and queue share one thread here, so that what
 * happens between two calls is the same on a machine that is idle and on one that is not.
 */
describe('a job that is cancelled', () => {
  let folder: string;
  let store: Store;
  let engine: Engine;
  let queue: JobQueue;
  let happened: Happening[];
  let onHappening: (happening: Happening) => void;

  function note(happening: Happening): void {
    happened.push(happening);
    onHappening(happening);
  }

  /** @param maxRows of a UNet call: fewer than `ROWS`, and a step takes several calls */
  async function open({ maxRows = ROWS, slots = 3 } = {}): Promise<void> {
    engine = createRuntime({ modelFolders: ['tiny-conv', 'tiny-linear'].map(tinyModel), threads: 1, maxRows });
    queue = createLocalQueue({
      store,
      limits: { maxWaitingPerUser: 100, maxWaiting: 100 },
      usageLimits: { hour: { pictures: 1e6 }, day: {}, pictureCost: 1 },
      capacity: { slots },
      explain: (error) => {
        if (isEngineError(error)) return { code: error.code, userMessage: error.message };
        throw error;
      },
    });
    const run = createRunner(engine, store);
    await queue.work(async (job, options) => {
      const { prompt } = specOf(job.task);
      const onProgress = (progress: Progress) => {
        note(`${prompt} ${progress.phase} ${progress.step}`);
        options.onProgress(progress);
      };
      note(`${prompt} begun`);
      return run(job, { ...options, onProgress }).finally(() => note(`${prompt} over`));
    });
  }

  async function ask(...ids: string[]): Promise<Job> {
    const jobs: Job[] = [];
    for (const id of ids) jobs.push((await queue.submit(draftOf(id, SPEC))).job);
    const [first] = jobs;
    if (first === undefined) throw new Error('nothing was asked for');
    return first;
  }

  /** Cancels the job at the last of these moments, each of which follows on the one before; the others are drawn then. */
  async function cancelAt(job: Job, ...moments: readonly Happening[]): Promise<void> {
    let cancelling: Promise<unknown> | undefined;
    const awaited = [...moments];
    onHappening = (happening) => {
      if (happening !== awaited[0]) return;
      awaited.shift();
      if (awaited.length > 0) return;
      happened.push('cancelled');
      cancelling = queue.cancel(job.id);
    };
    await expect.poll(() => queue.pending(), { timeout: 60_000 }).toEqual([]);
    await cancelling;
  }

  /** What happened from the cancelling until then. */
  function until(happening: Happening): readonly Happening[] {
    const from = happened.indexOf('cancelled');
    expect(happened.slice(from)).toContain(happening);
    return happened.slice(from, happened.indexOf(happening, from));
  }

  const count = (among: readonly Happening[], what: Happening) =>
    among.filter((happening) => happening === what).length;
  /** Share of its cost that a job has been charged. */
  async function charged(job: Job): Promise<number> {
    const uses = (await store.values<readonly Use[]>('usage').get(userKey(job.owner))) ?? [];
    return (uses.find(({ jobId }) => jobId === job.id)?.cost ?? 0) / costOf(job.task);
  }
  async function expectGone(job: Job): Promise<void> {
    expect((await store.jobs.get(job.id))?.state).toBe('cancelled');
    expect(await store.pictures.png(job.id, 0)).toBeUndefined();
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-cancel-'));
    store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
    happened = [];
    onHappening = () => {};
    calls.listener = (network) => note(network);
  });
  afterEach(async () => {
    calls.listener = () => {};
    await queue.close();
    await engine.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['between two steps', ['A1 denoising 5']],
    ['in the middle of a step', ['A1 denoising 5', 'unet']],
  ])('%s, beside two others: its slot is free and the next has begun within one step', async (_when, moments) => {
    await open();
    const a1 = await ask('A1', 'B1', 'C1', 'D1');
    await cancelAt(a1, ...moments);
    expect(count(until('A1 over'), 'unet')).toBeLessThanOrEqual(1);
    expect(count(until('D1 begun'), 'unet')).toBeLessThanOrEqual(1);
    await expectGone(a1);
    // A step that it did not see the end of costs it nothing.
    expect(await charged(a1)).toBeCloseTo(5 / STEPS);
    for (const id of ['B1', 'C1', 'D1']) expect(happened).toContain(`${id} decoding ${STEPS}`);
  });

  it('between the calls of a step that takes several: the step is not finished for it', async () => {
    const callsAStep = 4;
    await open({ maxRows: ROWS / callsAStep });
    const a1 = await ask('A1', 'B1', 'C1', 'D1');
    await cancelAt(a1, 'A1 denoising 5', 'unet', 'unet');
    expect(count(until('A1 over'), 'unet')).toBeLessThanOrEqual(1);
    expect(count(until('D1 begun'), 'unet')).toBeLessThan(callsAStep);
    await expectGone(a1);
  });

  it('before its first step, while its prompt is read: it costs nothing', async () => {
    await open({ slots: 1 });
    const a1 = await ask('A1', 'B1');
    await cancelAt(a1, 'text');
    expect(count(until('B1 begun'), 'unet')).toBe(0);
    expect(count(until('B1 begun'), 'text')).toBe(0);
    await expectGone(a1);
    expect(await charged(a1)).toBe(0);
  });

  it('while its pictures are decoded: the second is not, and none is kept', async () => {
    await open({ slots: 1 });
    const a1 = await ask('A1', 'B1');
    await cancelAt(a1, 'vae');
    expect(count(until('B1 begun'), 'vae')).toBe(0);
    await expectGone(a1);
    expect(await charged(a1)).toBe(1);
  });

  it('while it waits in the engine for another model to be done: it holds its slot no longer', async () => {
    await open({ slots: 2 });
    await ask('A1');
    const { job } = await queue.submit(draftOf('B1', { ...SPEC, model: 'tiny-linear' }));
    await ask('C1');
    await cancelAt(job, 'A1 denoising 5');
    expect(count(until('C1 begun'), 'unet')).toBeLessThanOrEqual(1);
    expect(await charged(job)).toBe(0);
    await expectGone(job);
  });

  it('that waits never begins, and the next has its place', async () => {
    await open({ slots: 1 });
    await ask('A1');
    const b1 = await ask('B1', 'C1');
    await cancelAt(b1, 'A1 denoising 5');
    expect(happened).not.toContain('B1 begun');
    expect(happened).toContain('C1 begun');
    expect(await charged(b1)).toBe(0);
    expect(await queue.cancellable(personNamed('B'))).toEqual([]);
  });
});
