import { expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import type { SnapshotQuery } from '../../../src/queue/port.ts';
import { placeOf } from '../../doubles/queue-reading.ts';
import { draftOf, personNamed } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** What is said of the time until a picture stands. */
export function testPositions(fixture: QueueFixture): void {
  it('estimates when the pictures will stand once it has measured one', async () => {
    await fixture.open();
    const [a1, a2, a3] = await fixture.submit('A1', 'A2', 'A3');
    await fixture.work();
    const first = await fixture.engine.begun(0);
    expect((await placeOf(fixture.queue, a2?.id ?? ''))?.etaMs).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
    first.finish();
    await fixture.engine.begun(1);
    const [second, third] = [a2, a3].map(async (job) => (await placeOf(fixture.queue, job?.id ?? ''))?.etaMs ?? 0);
    expect(await second).toBeGreaterThan(0);
    expect(await third).toBeCloseTo(2 * ((await second) ?? 0));
    expect(await placeOf(fixture.queue, a1?.id ?? '')).toBeUndefined();
  });

  it('tells of the jobs that are asked for, and counts all', async () => {
    await fixture.open();
    const [, , b1, a3] = await fixture.submit('A1', 'A2', 'B1', 'A3');
    await fixture.work();
    await fixture.engine.begun(0);
    const told = async (query?: SnapshotQuery) => {
      const { running, waiting, jobs } = await fixture.queue.snapshot(query);
      expect([running, waiting]).toEqual([1, 3]);
      return jobs.map(({ job, place }) => `${specOf(job.task).prompt} ${place.position}`);
    };
    expect(await told()).toEqual(['A1 0', 'B1 1', 'A2 2', 'A3 3']);
    expect(await told({ first: 2 })).toEqual(['A1 0', 'B1 1']);
    expect(await told({ first: 0 })).toEqual([]);
    expect(await told({ owner: personNamed('A') })).toEqual(['A1 0', 'A2 2', 'A3 3']);
    expect(await told({ owner: personNamed('A'), first: 2 })).toEqual(['A1 0', 'A2 2']);
    expect(await told({ jobs: [a3?.id ?? '', 'unknown', b1?.id ?? ''] })).toEqual(['B1 1', 'A3 3']);
    expect(await told({ jobs: [] })).toEqual([]);
    await fixture.finishAll(4);
  });

  it('tells of a job that shares the work of another what is true of that one', async () => {
    await fixture.open();
    await fixture.submit('A1');
    const { job: same } = await fixture.queue.submit({ ...draftOf('B1'), task: draftOf('A1').task });
    expect(await placeOf(fixture.queue, same.id)).toEqual({ position: 1 });
    await fixture.work();
    await fixture.engine.begun(0);
    const { running, waiting, jobs } = await fixture.queue.snapshot();
    expect([running, waiting]).toEqual([1, 1]);
    expect(jobs.map(({ job, place }) => [job.owner.name, place.position])).toEqual([
      ['A', 0],
      ['B', 0],
    ]);
    (await fixture.engine.begun(0)).finish();
    await fixture.ended(2);
  });

  it('says why a job waits only when it is asked why', async () => {
    await fixture.open();
    const [a1, b1] = await fixture.submit('A1', 'B1');
    const ids = [a1?.id ?? '', b1?.id ?? ''];
    expect((await fixture.queue.snapshot({ jobs: ids })).jobs.map(({ ahead }) => ahead)).toEqual([
      undefined,
      undefined,
    ]);
    const explained = await fixture.queue.snapshot({ jobs: ids, explain: true });
    expect(explained.jobs.map(({ ahead }) => ahead?.cameFirst)).toEqual([
      { people: 0, pictures: 0 },
      { people: 1, pictures: 1 },
    ]);
  });

  it('says with each job that it takes where it stands, and counts no job that it says has ended', async () => {
    await fixture.open();
    const heard: unknown[] = [];
    const count = () => fixture.queue.snapshot({ first: 0 }).then(({ running, waiting }) => [running, waiting]);
    fixture.queue.onQueued((_, { position }) => heard.push(position));
    fixture.queue.onOutcome(() => heard.push(count()));
    const [a1, b1] = await fixture.submit('A1', 'B1', 'C1');
    await fixture.queue.cancel(b1?.id ?? '');
    await fixture.work();
    const run = await fixture.engine.begun(0);
    await fixture.queue.cancel(a1?.id ?? '');
    expect(run.aborted).toBe(true);
    (await fixture.engine.begun(1)).finish();
    await fixture.ended(3);
    expect(await Promise.all(heard)).toEqual([1, 2, 3, [0, 2], [0, 1], [0, 0]]);
  });
}
