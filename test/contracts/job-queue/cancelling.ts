import { expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { transition } from '../../../src/core/job-state.ts';
import { costOf } from '../../../src/queue/cost.ts';
import { draftOf, personNamed } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** A person changes their mind. */
export function testCancelling(stage: QueueStage): void {
  it('gives back what a cancelled running job has not used: to turns and to limits', async () => {
    const pictureCost = costOf(draftOf('A').task);
    await stage.open({ usageLimits: { hour: { pictures: 3 }, day: {}, pictureCost } });
    const [a1] = await stage.submit('A1', 'A2', 'A3', 'B1');
    await expect(stage.submit('A4')).rejects.toMatchObject({ code: 'limit_hour' });
    await stage.work();
    (await stage.engine.begun(0)).step(1, 4);
    await stage.queue.cancel(a1?.id ?? '');
    (await stage.engine.begun(1)).finish();
    (await stage.engine.begun(2)).finish();
    // A1 has used a quarter of its turn, so that A2 comes before B's first could be passed twice.
    await expect.poll(() => stage.order()).toBe('A1 B1 A2 A3');
    await expect(stage.submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
    await stage.queue.submit(draftOf('A6', { steps: 3 }));
  });

  it('cancels a waiting job: it never begins, and its owner’s next job moves up', async () => {
    await stage.open();
    const [, a2] = await stage.submit('A1', 'A2', 'A3', 'B1', 'B2');
    expect((await stage.queue.cancel(a2?.id ?? ''))?.state).toBe('cancelled');
    expect((await stage.store.get(a2?.id ?? ''))?.state).toBe('cancelled');
    await stage.work();
    for (const index of [0, 1, 2, 3]) (await stage.engine.begun(index)).finish();
    await stage.ended(5);
    // A3 has A2's place now, behind B2 only because that had its own first.
    expect(stage.order()).toBe('A1 B1 B2 A3');
  });

  it('cancels a running job, stops the engine, and goes on with the next', async () => {
    await stage.open();
    const [a1] = await stage.submit('A1', 'A2');
    await stage.work();
    const run = await stage.engine.begun(0);
    await stage.queue.cancel(a1?.id ?? '');
    expect(run.aborted).toBe(true);
    (await stage.engine.begun(1)).finish();
    await stage.ended(2);
    expect(stage.outcomes.map((outcome) => outcome.kind)).toEqual(['cancelled', 'rendered']);
  });

  it('says once that a job was cancelled when two people press at once, and leaves ended jobs alone', async () => {
    await stage.open();
    const [a1, a2] = await stage.submit('A1', 'A2');
    await Promise.all([stage.queue.cancel(a1?.id ?? ''), stage.queue.cancel(a1?.id ?? '')]);
    expect(stage.outcomes).toHaveLength(1);
    await stage.work();
    (await stage.engine.begun(0)).finish();
    await stage.ended(2);
    await stage.store.update(a2?.id ?? '', (job) => transition(job, 'delivered', 1));
    expect((await stage.queue.cancel(a2?.id ?? ''))?.state).toBe('delivered');
    expect(await stage.queue.cancel('unknown')).toBeUndefined();
    expect(stage.outcomes).toHaveLength(2);
  });

  it('cancels a job that is drawn and not delivered yet', async () => {
    await stage.open();
    const [a1] = await stage.submit('A1');
    await stage.work();
    (await stage.engine.begun(0)).finish();
    await stage.ended(1);
    expect((await stage.queue.cancel(a1?.id ?? ''))?.state).toBe('cancelled');
    expect(stage.outcomes.map(({ kind }) => kind)).toEqual(['rendered', 'cancelled']);
  });

  it('lists what a person can still cancel, newest first: what waits, runs, or is drawn and not delivered', async () => {
    await stage.open();
    const [a1, , a2] = await stage.submit('A1', 'B1', 'A2', 'A3', 'A4');
    const cancellable = async () => {
      const jobs = await stage.queue.cancellable(personNamed('A'));
      return jobs.map(({ task, state }) => `${specOf(task).prompt} ${state}`);
    };
    await stage.work();
    (await stage.engine.begun(0)).finish();
    await stage.engine.begun(1);
    await stage.queue.cancel(a2?.id ?? '');
    expect(await cancellable()).toEqual(['A4 queued', 'A3 queued', 'A1 rendered']);
    await stage.store.update(a1?.id ?? '', (job) => ({ ...job, deleting: true }));
    expect(await cancellable()).toEqual(['A4 queued', 'A3 queued']);
    expect(await stage.queue.cancellable(personNamed('C'))).toEqual([]);
  });
}
