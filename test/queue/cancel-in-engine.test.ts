import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Engine, type GenerationSpec, isEngineError, type Progress, specOf } from '../../engine/index.ts';
import type { Networks, openNetworks } from '../../engine/networks/networks.ts';
import { createRuntime } from '../../engine/runtime/runtime.ts';
import { createRunner } from '../../src/app/runner.ts';
import type { Job } from '../../src/core/job.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import { userKey } from '../../src/core/user.ts';
import { costOf } from '../../src/queue/cost.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import type { JobQueue } from '../../src/queue/port.ts';
import type { QuotaUse } from '../../src/queue/quota.ts';
import type { Store } from '../../src/store/port.ts';
import { openStore } from '../../src/store/store.ts';
import { pendingOf } from '../doubles/queue-reading.ts';
import { draftOf, personNamed } from '../doubles/samples.ts';
import { tinyModel } from '../engine/goldens.ts';

type OpenArguments = Parameters<typeof openNetworks>;

/** Told of each call of a network, which waits for what is done about it; the network itself is the real one. */
const calls = vi.hoisted(() => ({ listener: async (_network: 'text' | 'unet' | 'vae'): Promise<void> => {} }));

vi.mock('../../engine/networks/networks.ts', async (importOriginal) => {
  const real = await importOriginal<typeof import('../../engine/networks/networks.ts')>();
  function watch(networks: Networks): Networks {
    const watched: Networks = {
      ...networks,
      encodeChunk: async (...args) => {
        await calls.listener('text');
        return networks.encodeChunk(...args);
      },
      predict: async (...args) => {
        await calls.listener('unet');
        return networks.predict(...args);
      },
      decode: async (...args) => {
        await calls.listener('vae');
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

interface Cue {
  readonly moments: Happening[];
  readonly act: () => Promise<unknown>;
}

/**
 * Time is counted in the engine's own calls, not in milliseconds: engine and queue share one thread here, and the engine
 * waits for what is asked of the queue in between, so that a slow disk changes nothing.
 */
describe('a job that is cancelled', () => {
  let folder: string;
  let store: Store;
  let engine: Engine;
  let queue: JobQueue;
  let happened: Happening[];
  let cues: Cue[];
  /** What is done about the cues so far. */
  let doing: Promise<unknown>;

  function note(happening: Happening): void {
    happened.push(happening);
    for (const cue of cues) {
      if (cue.moments[0] === happening) cue.moments.shift();
      else continue;
      if (cue.moments.length === 0) doing = Promise.all([doing, cue.act()]);
    }
    cues = cues.filter(({ moments }) => moments.length > 0);
  }

  /** @param maxRows of a UNet call: fewer than `ROWS`, and a step takes several calls */
  async function open({ maxRows = ROWS, slots = 3 } = {}): Promise<void> {
    engine = createRuntime({ modelSources: ['tiny-conv', 'tiny-linear'].map(tinyModel), threads: 1, maxRows });
    queue = createLocalQueue({
      store,
      limits: { maxWaitingPerUser: 100, maxWaiting: 100 },
      quotaLimits: { hour: { pictures: 1e6 }, day: {}, pictureCost: 1 },
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

  async function ask(id: string, changes: Partial<GenerationSpec> = {}): Promise<void> {
    await queue.submit(draftOf(id, { ...SPEC, ...changes }));
  }

  /** Does it at the last of these moments, each of which follows on the one before. */
  function at(moments: readonly Happening[], act: () => Promise<unknown>): void {
    cues.push({ moments: [...moments], act });
  }

  function cancelAt(id: string, ...moments: readonly Happening[]): void {
    at(moments, () => {
      happened.push('cancelled');
      return queue.cancel(jobIdOf('web', id));
    });
  }

  /** Asks for these, the others once the engine has the first; waits until all is drawn or cancelled. */
  async function draw(first: string, ...others: readonly string[]): Promise<void> {
    at(['text'], async () => {
      for (const id of others) await ask(id);
    });
    await ask(first);
    await expect.poll(async () => cues.length + (await pendingOf(queue)).length, { timeout: 60_000 }).toBe(0);
    await doing;
  }

  const jobOf = async (id: string): Promise<Job> => {
    const job = await store.jobs.get(jobIdOf('web', id));
    if (job === undefined) throw new Error(`${id} was not asked for`);
    return job;
  };

  /** What happened from the cancelling until then. */
  function until(happening: Happening): readonly Happening[] {
    const from = happened.indexOf('cancelled');
    expect(happened.slice(from)).toContain(happening);
    return happened.slice(from, happened.indexOf(happening, from));
  }

  const count = (among: readonly Happening[], what: Happening) =>
    among.filter((happening) => happening === what).length;
  /** Share of its cost that a job has been charged. */
  async function charged(id: string): Promise<number> {
    const job = await jobOf(id);
    const uses = (await store.values<readonly QuotaUse[]>('usage').get(userKey(job.owner))) ?? [];
    return (uses.find(({ jobId }) => jobId === job.id)?.cost ?? 0) / costOf(job.task);
  }
  async function expectGone(id: string): Promise<void> {
    const job = await jobOf(id);
    expect(job.state).toBe('cancelled');
    expect(await store.pictures.png(job.id, 0)).toBeUndefined();
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-cancel-'));
    store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
    happened = [];
    cues = [];
    doing = Promise.resolve();
    calls.listener = async (network) => {
      note(network);
      await doing;
    };
  });
  afterEach(async () => {
    calls.listener = async () => {};
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
    cancelAt('A1', ...moments);
    await draw('A1', 'B1', 'C1', 'D1');
    expect(count(until('A1 over'), 'unet')).toBeLessThanOrEqual(1);
    expect(count(until('D1 begun'), 'unet')).toBeLessThanOrEqual(1);
    await expectGone('A1');
    // A step that it did not see the end of costs it nothing.
    expect(await charged('A1')).toBeCloseTo(5 / STEPS);
    for (const id of ['B1', 'C1', 'D1']) expect(happened).toContain(`${id} decoding ${STEPS}`);
  });

  it('between the calls of a step that takes several: the step is not finished for it', async () => {
    const callsAStep = 4;
    await open({ maxRows: ROWS / callsAStep });
    cancelAt('A1', 'A1 denoising 5', 'unet', 'unet');
    await draw('A1', 'B1', 'C1', 'D1');
    expect(count(until('A1 over'), 'unet')).toBeLessThanOrEqual(1);
    expect(count(until('D1 begun'), 'unet')).toBeLessThan(callsAStep);
    await expectGone('A1');
  });

  it('before its first step, while its prompt is read: it costs nothing', async () => {
    await open({ slots: 1 });
    cancelAt('A1', 'text');
    await draw('A1', 'B1');
    expect(count(until('B1 begun'), 'unet')).toBe(0);
    expect(count(until('B1 begun'), 'text')).toBe(0);
    await expectGone('A1');
    expect(await charged('A1')).toBe(0);
  });

  it('while its pictures are decoded: the second is not, and none is kept', async () => {
    await open({ slots: 1 });
    cancelAt('A1', 'vae');
    await draw('A1', 'B1');
    expect(count(until('B1 begun'), 'vae')).toBe(0);
    await expectGone('A1');
    expect(await charged('A1')).toBe(1);
  });

  it('while it waits in the engine for another model to be done: it holds its slot no longer', async () => {
    await open({ slots: 2 });
    // Only when it is A1's turn in the engine.
    at(['text'], async () => {
      await ask('B1', { model: 'tiny-linear' });
      await ask('C1');
    });
    cancelAt('B1', 'B1 begun', 'A1 denoising 5');
    await draw('A1');
    expect(count(until('C1 begun'), 'unet')).toBeLessThanOrEqual(1);
    expect(await charged('B1')).toBe(0);
    await expectGone('B1');
  });

  it('that waits never begins, and the next has its place', async () => {
    await open({ slots: 1 });
    cancelAt('B1', 'A1 denoising 5');
    await draw('A1', 'B1', 'C1');
    expect(happened).not.toContain('B1 begun');
    expect(happened).toContain('C1 begun');
    expect(await charged('B1')).toBe(0);
    expect(await queue.cancellable(personNamed('B'))).toEqual([]);
  });
});
