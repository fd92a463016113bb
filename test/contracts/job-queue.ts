import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import type { ChannelRef } from '../../src/core/channel.ts';
import type { Job } from '../../src/core/job.ts';
import { transition } from '../../src/core/job-state.ts';
import { parseRoleWeights, type RoleWeights } from '../../src/core/role-weights.ts';
import type { Capacity } from '../../src/queue/capacity.ts';
import { costOf, loadOf } from '../../src/queue/cost.ts';
import type { JobDraft, JobOutcome, JobQueue } from '../../src/queue/port.ts';
import type { UsageLimits } from '../../src/queue/usage.ts';
import type { JobStore, PictureStore } from '../../src/store/port.ts';
import { createSlowEngine, type SlowEngine } from '../doubles/slow-engine.ts';
import { draftOf, taskWith } from '../doubles/tasks.ts';

export interface QueueSetup {
  readonly limits: { readonly maxWaitingPerUser: number; readonly maxWaiting: number };
  readonly capacity: Capacity;
  readonly roleWeights?: RoleWeights;
  readonly usageLimits?: UsageLimits;
  /** Milliseconds since the epoch; the real time when absent. */
  readonly now?: () => number;
}

/** One queue over one store, as a process holds it; `restart` is what the next process sees. */
export interface QueueUnderTest {
  readonly queue: JobQueue;
  readonly store: JobStore;
  readonly pictures: PictureStore;
  restart(): Promise<QueueUnderTest>;
  close(): Promise<void>;
}

const LIMITS = { maxWaitingPerUser: 100, maxWaiting: 100 };

/** What every driver of the queue must do. */
export function testJobQueue(name: string, open: (setup: QueueSetup) => Promise<QueueUnderTest>): void {
  describe(`${name}: a fair queue`, () => {
    let opened: QueueUnderTest;
    let engine: SlowEngine;
    let outcomes: JobOutcome[];
    let begun: Job[];

    async function openWith(setup: Partial<QueueSetup> = {}): Promise<void> {
      watch(await open({ limits: LIMITS, capacity: { slots: 1 }, ...setup }));
    }

    function watch(under: QueueUnderTest): void {
      opened = under;
      engine = createSlowEngine();
      opened.queue.onOutcome((outcome) => outcomes.push(outcome));
      opened.queue.onProgress((job, progress) => {
        if (progress.step === 0) begun.push(job);
      });
    }

    /** As the bot's own worker does it: when it resolves, the pictures are on disk. */
    const work = () =>
      opened.queue.work(async (job, options) => {
        const result = await engine.run(job.task, options);
        for (const [index, picture] of result.pictures.entries()) await opened.pictures.put(job.id, index, picture);
        return result;
      });
    const submit = async (...ids: string[]) => {
      const jobs: Job[] = [];
      for (const id of ids) jobs.push((await opened.queue.submit(draftOf(id))).job);
      return jobs;
    };
    const submitAs = async (roles: readonly string[], ...ids: string[]) => {
      for (const id of ids) await opened.queue.submit({ ...draftOf(id), roles });
    };
    const ended = (count: number) => expect.poll(() => outcomes.length).toBe(count);
    const order = () => begun.map((job) => ('spec' in job.task ? job.task.spec.prompt : '')).join(' ');

    async function finishAll(count: number): Promise<void> {
      for (let index = 0; index < count; index += 1) (await engine.begun(index)).finish();
      await ended(count);
    }

    beforeEach(() => {
      outcomes = [];
      begun = [];
    });
    afterEach(() => opened.close());

    it('lets people take turns when one of them has queued up a batch', async () => {
      await openWith();
      await submit(...'123456'.split('').map((n) => `A${n}`), 'B1', 'B2', 'B3', 'C1', 'C2', 'C3');
      expect(opened.queue.pending().map((job) => job.owner.name)).toEqual([...'ABCABCABCAAA']);
      await work();
      await finishAll(12);
      expect(order()).toBe('A1 B1 C1 A2 B2 C2 A3 B3 C3 A4 A5 A6');
    });

    it('lets people whose roles weigh more come more often, by the roles they have when they ask', async () => {
      await openWith({ roleWeights: parseRoleWeights('web:patron=2') });
      await submitAs(['patron'], 'A1', 'A2', 'A3', 'A4');
      await submitAs(['guest'], 'B1', 'B2', 'B3', 'B4');
      const weights = opened.queue.pending().map((job) => [job.owner.name, job.weight]);
      expect(weights.slice(0, 2)).toEqual([
        ['A', 2],
        ['B', undefined],
      ]);
      await work();
      await finishAll(8);
      expect(order()).toBe('A1 B1 A2 A3 B2 A4 B3 B4');
    });

    it('keeps the jobs of one person in order, also when they come at the same moment', async () => {
      await openWith();
      await Promise.all(['A1', 'A2', 'A3', 'A4'].map((id) => opened.queue.submit(draftOf(id))));
      await work();
      await finishAll(4);
      expect(order()).toBe('A1 A2 A3 A4');
    });

    it('has a job on disk before it says so, and tells its place', async () => {
      await openWith();
      const [a1, a2] = await submit('A1', 'A2');
      expect((await opened.store.unfinished()).map((job) => [job.id, job.state])).toEqual([
        [a1?.id, 'queued'],
        [a2?.id, 'queued'],
      ]);
      expect(opened.queue.position(a1?.id ?? '')?.place).toBe(1);
      expect(opened.queue.position(a2?.id ?? '')?.place).toBe(2);
      expect(opened.queue.position('unknown')).toBeUndefined();
    });

    it('makes one job of one request, however often and whenever it comes', async () => {
      await openWith();
      const both = await Promise.all([opened.queue.submit(draftOf('A1')), opened.queue.submit(draftOf('A1'))]);
      expect(both.map((submission) => submission.isNew)).toEqual([true, false]);
      await work();
      await finishAll(1);
      const again = await opened.queue.submit(draftOf('A1'));
      expect([again.isNew, again.job.state]).toEqual([false, 'rendered']);
      expect(both[0]?.job.id).toMatch(/^[0-9a-z]{1,20}$/);
      expect(again.job.id).toBe(both[0]?.job.id);
    });

    it('refuses with a sentence when a person has too many waiting, and takes the next one’s', async () => {
      await openWith({ limits: { maxWaitingPerUser: 2, maxWaiting: 100 } });
      await submit('A1', 'A2');
      await expect(submit('A3')).rejects.toMatchObject({ code: 'limit_waiting', retryable: true });
      await submit('B1');
      expect(opened.queue.pending()).toHaveLength(3);
      await work();
      await engine.begun(0);
      await submit('A3');
    });

    it('refuses with a sentence when everyone together has too many waiting', async () => {
      await openWith({ limits: { maxWaitingPerUser: 2, maxWaiting: 2 } });
      await submit('A1', 'B1');
      await expect(submit('C1')).rejects.toMatchObject({ code: 'queue_full', retryable: true });
      expect(await opened.store.unfinished()).toHaveLength(2);
    });

    it('bounds what a person may ask for by the hour, over restarts, and gives back what was not drawn', async () => {
      const pictureCost = costOf(draftOf('A').task);
      let time = 1_700_000_000_000;
      await openWith({ now: () => time, usageLimits: { hour: { requests: 2, pictures: 2 }, day: {}, pictureCost } });
      const [a1] = await submit('A1', 'A2');
      await expect(submit('A3')).rejects.toMatchObject({ code: 'limit_hour', retryable: true });
      await submit('B1');
      await opened.queue.cancel(a1?.id ?? '');
      await submit('A4');
      watch(await opened.restart());
      await expect(submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
      await work();
      await engine.begun(0);
      time += 3_601_000;
      await submit('A6');
    });

    it('gives back what a cancelled running job has not used: to turns and to limits', async () => {
      const pictureCost = costOf(draftOf('A').task);
      await openWith({ usageLimits: { hour: { pictures: 3 }, day: {}, pictureCost } });
      const [a1] = await submit('A1', 'A2', 'A3', 'B1');
      await expect(submit('A4')).rejects.toMatchObject({ code: 'limit_hour' });
      await work();
      (await engine.begun(0)).step(1, 4);
      await opened.queue.cancel(a1?.id ?? '');
      (await engine.begun(1)).finish();
      (await engine.begun(2)).finish();
      // A1 has used a quarter of its turn, so that A2 comes before B's first could be passed twice.
      await expect.poll(order).toBe('A1 B1 A2 A3');
      await expect(submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
      await opened.queue.submit(draftOf('A6', { steps: 3 }));
    });

    it('cancels a waiting job: it never begins, and its owner’s next job moves up', async () => {
      await openWith();
      const [, a2] = await submit('A1', 'A2', 'A3', 'B1', 'B2');
      expect((await opened.queue.cancel(a2?.id ?? ''))?.state).toBe('cancelled');
      expect((await opened.store.get(a2?.id ?? ''))?.state).toBe('cancelled');
      await work();
      for (const index of [0, 1, 2, 3]) (await engine.begun(index)).finish();
      await ended(5);
      // A3 has A2's place now, behind B2 only because that had its own first.
      expect(order()).toBe('A1 B1 B2 A3');
    });

    it('cancels a running job, stops the engine, and goes on with the next', async () => {
      await openWith();
      const [a1] = await submit('A1', 'A2');
      await work();
      const run = await engine.begun(0);
      await opened.queue.cancel(a1?.id ?? '');
      expect(run.aborted).toBe(true);
      (await engine.begun(1)).finish();
      await ended(2);
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(['cancelled', 'rendered']);
    });

    it('says once that a job was cancelled when two people press at once, and leaves ended jobs alone', async () => {
      await openWith();
      const [a1, a2] = await submit('A1', 'A2');
      await Promise.all([opened.queue.cancel(a1?.id ?? ''), opened.queue.cancel(a1?.id ?? '')]);
      expect(outcomes).toHaveLength(1);
      await work();
      (await engine.begun(0)).finish();
      await ended(2);
      await opened.store.update(a2?.id ?? '', (job) => transition(job, 'delivered', 1));
      expect((await opened.queue.cancel(a2?.id ?? ''))?.state).toBe('delivered');
      expect(await opened.queue.cancel('unknown')).toBeUndefined();
      expect(outcomes).toHaveLength(2);
    });

    it('cancels a job that is drawn and not delivered yet', async () => {
      await openWith();
      const [a1] = await submit('A1');
      await work();
      (await engine.begun(0)).finish();
      await ended(1);
      expect((await opened.queue.cancel(a1?.id ?? ''))?.state).toBe('cancelled');
      expect(outcomes.map(({ kind }) => kind)).toEqual(['rendered', 'cancelled']);
    });

    it('runs as many at once as it is told, and no more', async () => {
      await openWith({ capacity: { slots: 2 } });
      await submit('A1', 'B1', 'C1');
      await work();
      await engine.begun(1);
      expect(opened.queue.pending().map((job) => opened.queue.position(job.id)?.place)).toEqual([0, 0, 1]);
      expect(engine.runs).toHaveLength(2);
      await finishAll(3);
    });

    it('leaves one person no more slots than are allowed while others wait, and all of them when nobody does', async () => {
      await openWith({ capacity: { slots: 3, maxRunningPerUser: 2 } });
      await submit('A1', 'A2', 'A3', 'A4');
      await opened.queue.submit(draftOf('B1', { steps: 100 }));
      await work();
      await engine.begun(2);
      expect(order()).toBe('A1 B1 A2');
      (await engine.begun(1)).finish();
      await engine.begun(3);
      expect(order()).toBe('A1 B1 A2 A3');
      for (const index of [0, 2, 3, 4]) (await engine.begun(index)).finish();
      await ended(5);
    });

    it('keeps a job waiting that is too large to run beside others, and lets nobody pass it', async () => {
      const load = loadOf(draftOf('A').task);
      await openWith({ capacity: { slots: 4, maxLoad: 4 * load } });
      await submit('A1');
      await opened.queue.submit(draftOf('B1', { count: 4 }));
      await submit('C1');
      await work();
      (await engine.begun(0)).finish();
      await engine.begun(1);
      expect(order()).toBe('A1 B1');
      (await engine.begun(1)).finish();
      (await engine.begun(2)).finish();
      await ended(3);
    });

    it('continues a job in its place when the engine dies under it', async () => {
      await openWith();
      await submit('A1', 'B1');
      await work();
      (await engine.begun(0)).fail(new EngineError('engine_crashed', 'The engine died.'));
      (await engine.begun(1)).finish();
      (await engine.begun(2)).finish();
      await ended(2);
      expect(order()).toBe('A1 A1 B1');
      expect(outcomes[0]).toMatchObject({ kind: 'rendered', job: { attempts: 2, state: 'rendered' } });
    });

    it('gives a job up with a sentence when the engine dies under it twice', async () => {
      await openWith();
      await submit('A1', 'B1');
      await work();
      for (const index of [0, 1])
        (await engine.begun(index)).fail(new EngineError('engine_crashed', 'The engine died.'));
      (await engine.begun(2)).finish();
      await ended(2);
      expect(outcomes[0]).toMatchObject({ kind: 'failed', job: { failure: { code: 'engine_crashed' } } });
      expect(outcomes[1]?.kind).toBe('rendered');
    });

    it('blames the one that kills the engine, and not those that were beside it', async () => {
      await openWith({ capacity: { slots: 3 } });
      await submit('A1', 'B1', 'C1', 'D1');
      await work();
      await engine.begun(2);
      for (const run of engine.runs.slice(0, 3)) run.fail(new EngineError('engine_crashed', 'The engine died.'));
      const alone = await engine.begun(3);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // One at a time, and nobody new beside them.
      expect(engine.runs).toHaveLength(4);
      alone.finish();
      expect((await engine.begun(4)).prompt).toBe('B1');
      engine.runs[4]?.fail(new EngineError('engine_crashed', 'The engine died again.'));
      (await engine.begun(5)).finish();
      (await engine.begun(6)).finish();
      await ended(4);
      const ends = outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`).sort();
      expect(ends).toEqual(['A rendered', 'B failed', 'C rendered', 'D rendered']);
    });

    it('runs alone what the process did not survive twice, so that nobody beside it is blamed', async () => {
      await openWith({ capacity: { slots: 2 } });
      const [a1] = await submit('A1', 'B1');
      for (let death = 0; death < 2; death += 1) {
        await work();
        await engine.begun(1);
        watch(await opened.restart());
      }
      await work();
      const first = await engine.begun(0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(engine.runs).toHaveLength(1);
      expect(first.prompt).toBe('A1');
      await opened.queue.cancel(a1?.id ?? '');
      (await engine.begun(1)).finish();
      await ended(2);
    });

    it('fails a job at once when the engine refuses it', async () => {
      await openWith();
      await submit('A1');
      await work();
      (await engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
      await ended(1);
      const failure = { code: 'bad_request', userMessage: 'Width must be a multiple of 8; try 512.' };
      expect(outcomes[0]).toMatchObject({ kind: 'failed', job: { attempts: 1, failure } });
    });

    it('takes up after a restart what was running, then what waited, in the same order', async () => {
      await openWith();
      await submit('A1', 'A2', 'B1');
      await work();
      await engine.begun(0);
      watch(await opened.restart());
      begun = [];
      await work();
      await finishAll(3);
      expect(order()).toBe('A1 B1 A2');
      expect(outcomes[0]).toMatchObject({ job: { attempts: 2 } });
    });

    it('keeps for the next process what ended while nobody showed it, and draws none of it again', async () => {
      await openWith();
      const [a1, b1] = await submit('A1', 'B1');
      await work();
      (await engine.begun(0)).finish();
      (await engine.begun(1)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
      await ended(2);
      watch(await opened.restart());
      await work();
      expect(opened.queue.pending()).toEqual([]);
      expect(engine.runs).toHaveLength(0);
      const left = await opened.store.unfinished();
      expect(left.map((job) => [job.id, job.state])).toEqual([
        [a1?.id, 'rendered'],
        [b1?.id, 'failed'],
      ]);
      expect((await opened.queue.cancel(a1?.id ?? ''))?.state).toBe('cancelled');
    });

    it('does not run for ever what takes the process down each time', async () => {
      await openWith();
      const [a1] = await submit('A1');
      for (let restart = 0; restart < 5; restart += 1) {
        await work();
        await engine.begun(0);
        watch(await opened.restart());
      }
      await work();
      await ended(1);
      expect(outcomes[0]?.kind).toBe('failed');
      expect((await opened.store.get(a1?.id ?? ''))?.attempts).toBe(5);
    });

    describe('draws what is asked for twice once', () => {
      /** Person A asks for the same as person B; each request has its own event. */
      const same = (requestId: string, changes: Partial<JobDraft> = {}): JobDraft => ({
        ...{ ...draftOf(requestId), task: taskWith({ prompt: 'the same', seed: 7 }) },
        ...changes,
      });
      const elsewhere: ChannelRef = { platform: 'web', channelId: 'elsewhere' };
      const states = () => outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`);
      const hasPictures = async (job: Job | undefined) =>
        (await opened.pictures.png(job?.id ?? '', 0))?.byteLength === 3;

      it('for people who ask at the same time: each has their own job, outcome and pictures', async () => {
        await openWith();
        const a = await opened.queue.submit(same('A1'));
        const b = await opened.queue.submit(same('B1'));
        const c = await opened.queue.submit(same('A2', { channel: elsewhere }));
        expect([a, b, c].map(({ isNew }) => isNew)).toEqual([true, true, true]);
        expect(opened.queue.position(b.job.id)?.place).toBe(1);
        await work();
        const run = await engine.begun(0);
        run.step(2, 4);
        expect(begun.map((job) => job.id)).toEqual([a.job.id, b.job.id, c.job.id]);
        run.finish();
        await ended(3);
        expect(engine.runs).toHaveLength(1);
        expect(states()).toEqual(['A rendered', 'B rendered', 'A rendered']);
        await opened.pictures.delete(a.job.id);
        expect(await hasPictures(b.job)).toBe(true);
        expect((await opened.store.get(b.job.id))?.pictures).toHaveLength(1);
        expect((await opened.store.get(b.job.id))?.repeatOf).toBeUndefined();
      });

      it('for one person who asks twice in one place: the second request is the first job', async () => {
        await openWith();
        const first = await opened.queue.submit(same('A1'));
        const second = await opened.queue.submit(same('A2'));
        expect(second).toMatchObject({ isNew: false, isSame: true, job: { id: first.job.id } });
        expect(opened.queue.pending()).toHaveLength(1);
      });

      it('for one person who presses a button twice in a moment, and twice for one who takes their time', async () => {
        let time = 1_700_000_000_000;
        await openWith({ now: () => time });
        const press = (id: string) => opened.queue.submit({ ...draftOf(id), pressed: 'v1:reroll:job1:0' });
        const first = await press('A1');
        time += 500;
        expect(await press('A2')).toMatchObject({ isNew: false, job: { id: first.job.id } });
        expect((await press('B1')).isNew).toBe(true);
        time += 5000;
        expect((await press('A3')).isNew).toBe(true);
      });

      it('in the turn of whose turn is first, and charges them alone', async () => {
        const pictureCost = costOf(draftOf('A').task);
        await openWith({ usageLimits: { hour: { pictures: 3 }, day: {}, pictureCost } });
        await submit('A1', 'A2');
        await opened.queue.submit(same('A3'));
        await opened.queue.submit(same('B1'));
        await submit('C1');
        const order = opened.queue.pending().map(({ task }) => ('spec' in task ? task.spec.prompt : ''));
        expect(order).toEqual(['A1', 'the same', 'the same', 'C1', 'A2']);
        // A has had only two charged, B one.
        await submit('A4');
        await expect(submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
        await submit('B2', 'B3');
        await expect(submit('B4')).rejects.toMatchObject({ code: 'limit_hour' });
      });

      it('and goes on for the others when one of them cancels, waiting or running', async () => {
        await openWith();
        const drafts = [same('A1'), same('B1'), same('C1')];
        const [a, b, c] = await Promise.all(drafts.map((draft) => opened.queue.submit(draft)));
        await opened.queue.cancel(a?.job.id ?? '');
        expect(opened.queue.pending().map((job) => job.owner.name)).toEqual(['B', 'C']);
        await work();
        const run = await engine.begun(0);
        run.step(1, 4);
        await opened.queue.cancel(b?.job.id ?? '');
        expect(run.aborted).toBe(false);
        run.finish();
        await ended(3);
        expect(states()).toEqual(['A cancelled', 'B cancelled', 'C rendered']);
        expect(await hasPictures(c?.job)).toBe(true);
        await expect.poll(() => opened.pictures.png(outcomes[1]?.job.id ?? '', 0)).toBeUndefined();
      });

      it('and stops it when all of them have cancelled', async () => {
        await openWith();
        const [a, b] = [await opened.queue.submit(same('A1')), await opened.queue.submit(same('B1'))];
        await work();
        const run = await engine.begun(0);
        await opened.queue.cancel(a.job.id);
        expect(run.aborted).toBe(false);
        await opened.queue.cancel(b.job.id);
        expect(run.aborted).toBe(true);
        await submit('C1');
        (await engine.begun(1)).finish();
        await ended(3);
      });

      it('and fails for all of them when it fails', async () => {
        await openWith();
        for (const id of ['A1', 'B1']) await opened.queue.submit(same(id));
        await work();
        (await engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
        await ended(2);
        expect(states()).toEqual(['A failed', 'B failed']);
        expect(outcomes[1]?.job.failure?.code).toBe('bad_request');
      });

      it('also when the process died in between', async () => {
        await openWith();
        for (const id of ['A1', 'B1', 'C1']) await opened.queue.submit(same(id));
        await work();
        await engine.begun(0);
        watch(await opened.restart());
        await work();
        (await engine.begun(0)).finish();
        await ended(3);
        expect(engine.runs).toHaveLength(1);
        expect(states()).toEqual(['A rendered', 'B rendered', 'C rendered']);
      });

      it('and shows again what was drawn before, at no cost, for as long as its pictures are kept', async () => {
        const pictureCost = costOf(draftOf('A').task);
        await openWith({ usageLimits: { hour: { pictures: 1 }, day: {}, pictureCost } });
        const first = await opened.queue.submit(same('A1'));
        await work();
        (await engine.begun(0)).finish();
        await ended(1);
        watch(await opened.restart());
        await work();
        const again = await opened.queue.submit(same('A2'));
        await ended(2);
        expect(outcomes[1]).toMatchObject({ kind: 'rendered', job: { id: again.job.id, repeatOf: first.job.id } });
        expect(again.job.id).not.toBe(first.job.id);
        expect(await hasPictures(again.job)).toBe(true);
        expect(engine.runs).toHaveLength(0);
        await opened.pictures.delete(first.job.id);
        await opened.queue.submit(same('B1'));
        (await engine.begun(0)).finish();
        await ended(3);
        expect(outcomes[2]?.job.repeatOf).toBeUndefined();
      });
    });

    it('estimates when the pictures will stand once it has measured one', async () => {
      await openWith();
      const [a1, a2, a3] = await submit('A1', 'A2', 'A3');
      await work();
      const first = await engine.begun(0);
      expect(opened.queue.position(a2?.id ?? '')?.etaMs).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 20));
      first.finish();
      await engine.begun(1);
      const [second, third] = [a2, a3].map((job) => opened.queue.position(job?.id ?? '')?.etaMs ?? 0);
      expect(second).toBeGreaterThan(0);
      expect(third).toBeCloseTo(2 * (second ?? 0));
      expect(opened.queue.position(a1?.id ?? '')).toBeUndefined();
    });

    it('takes no new jobs once it closes, and leaves those that run for the next start', async () => {
      await openWith();
      const [a1] = await submit('A1');
      await work();
      await engine.begun(0);
      await opened.queue.close();
      await expect(submit('A2')).rejects.toMatchObject({ code: 'closing' });
      expect((await opened.store.get(a1?.id ?? ''))?.state).toBe('running');
      expect(outcomes).toEqual([]);
    });
  });
}
