import { expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { transition } from '../../../src/core/job-state.ts';
import { costOf } from '../../../src/queue/cost.ts';
import { draftOf, personNamed } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** A person changes their mind. */
export function testCancelling(fixture: QueueFixture): void {
  it('gives back what a cancelled running job has not used: to turns and to limits', async () => {
    const pictureCost = costOf(draftOf('A').task);
    await fixture.open({ quotaLimits: { hour: { pictures: 3 }, day: {}, pictureCost } });
    const [a1] = await fixture.submit('A1', 'A2', 'A3', 'B1');
    await expect(fixture.submit('A4')).rejects.toMatchObject({ code: 'limit_hour' });
    await fixture.work();
    (await fixture.engine.begun(0)).step(1, 4);
    await fixture.queue.cancel(a1?.id ?? '');
    (await fixture.engine.begun(1)).finish();
    (await fixture.engine.begun(2)).finish();
    // A1 has used a quarter of its turn, so that A2 comes before B's first could be passed twice.
    await expect.poll(() => fixture.order()).toBe('A1 B1 A2 A3');
    await expect(fixture.submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
    await fixture.queue.submit(draftOf('A6', { steps: 3 }));
  });

  it('cancels a waiting job: it never begins, and its owner’s next job moves up', async () => {
    await fixture.open();
    const [, a2] = await fixture.submit('A1', 'A2', 'A3', 'B1', 'B2');
    expect((await fixture.queue.cancel(a2?.id ?? ''))?.state).toBe('cancelled');
    expect((await fixture.store.get(a2?.id ?? ''))?.state).toBe('cancelled');
    await fixture.work();
    for (const index of [0, 1, 2, 3]) (await fixture.engine.begun(index)).finish();
    await fixture.ended(5);
    // A3 has A2's place now, behind B2 only because that had its own first.
    expect(fixture.order()).toBe('A1 B1 B2 A3');
  });

  it('cancels a running job, stops the engine, and goes on with the next', async () => {
    await fixture.open();
    const [a1] = await fixture.submit('A1', 'A2');
    await fixture.work();
    const run = await fixture.engine.begun(0);
    await fixture.queue.cancel(a1?.id ?? '');
    expect(run.aborted).toBe(true);
    (await fixture.engine.begun(1)).finish();
    await fixture.ended(2);
    expect(fixture.outcomes.map((outcome) => outcome.kind)).toEqual(['cancelled', 'rendered']);
  });

  it('says once that a job was cancelled when two people press at once, and leaves ended jobs alone', async () => {
    await fixture.open();
    const [a1, a2] = await fixture.submit('A1', 'A2');
    await Promise.all([fixture.queue.cancel(a1?.id ?? ''), fixture.queue.cancel(a1?.id ?? '')]);
    expect(fixture.outcomes).toHaveLength(1);
    await fixture.work();
    (await fixture.engine.begun(0)).finish();
    await fixture.ended(2);
    await fixture.store.update(a2?.id ?? '', (job) => transition(job, 'delivered', 1));
    expect((await fixture.queue.cancel(a2?.id ?? ''))?.state).toBe('delivered');
    expect(await fixture.queue.cancel('unknown')).toBeUndefined();
    expect(fixture.outcomes).toHaveLength(2);
  });

  it('cancels a job that is drawn and not delivered yet', async () => {
    await fixture.open();
    const [a1] = await fixture.submit('A1');
    await fixture.work();
    (await fixture.engine.begun(0)).finish();
    await fixture.ended(1);
    expect((await fixture.queue.cancel(a1?.id ?? ''))?.state).toBe('cancelled');
    expect(fixture.outcomes.map(({ kind }) => kind)).toEqual(['rendered', 'cancelled']);
  });

  it('lists what a person can still cancel, newest first: what waits, runs, or is drawn and not delivered', async () => {
    await fixture.open();
    const [a1, , a2] = await fixture.submit('A1', 'B1', 'A2', 'A3', 'A4');
    const cancellable = async () => {
      const jobs = await fixture.queue.cancellable(personNamed('A'));
      return jobs.map(({ task, state }) => `${specOf(task).prompt} ${state}`);
    };
    await fixture.work();
    (await fixture.engine.begun(0)).finish();
    await fixture.engine.begun(1);
    await fixture.queue.cancel(a2?.id ?? '');
    expect(await cancellable()).toEqual(['A4 queued', 'A3 queued', 'A1 rendered']);
    await fixture.store.update(a1?.id ?? '', (job) => ({ ...job, deleting: true }));
    expect(await cancellable()).toEqual(['A4 queued', 'A3 queued']);
    expect(await fixture.queue.cancellable(personNamed('C'))).toEqual([]);
  });
}
