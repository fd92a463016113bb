import { expect, it } from 'vitest';
import { placeOf } from '../../doubles/queue-reading.ts';
import { draftOf } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** What is made of a request. */
export function testRequests(fixture: QueueFixture): void {
  it('has a job on disk before it says so, and tells its place', async () => {
    await fixture.open();
    const [a1, a2] = await fixture.submit('A1', 'A2');
    expect((await fixture.store.unfinished()).map((job) => [job.id, job.state])).toEqual([
      [a1?.id, 'queued'],
      [a2?.id, 'queued'],
    ]);
    expect((await placeOf(fixture.queue, a1?.id ?? ''))?.position).toBe(1);
    expect((await placeOf(fixture.queue, a2?.id ?? ''))?.position).toBe(2);
    expect(await placeOf(fixture.queue, 'unknown')).toBeUndefined();
  });

  it('makes one job of one request, however often and whenever it comes', async () => {
    await fixture.open();
    const both = await Promise.all([fixture.queue.submit(draftOf('A1')), fixture.queue.submit(draftOf('A1'))]);
    expect(both.map((submission) => submission.isNew)).toEqual([true, false]);
    await fixture.work();
    await fixture.finishAll(1);
    const again = await fixture.queue.submit(draftOf('A1'));
    expect([again.isNew, again.job.state]).toEqual([false, 'rendered']);
    expect(both[0]?.job.id).toMatch(/^[0-9a-z]{1,20}$/);
    expect(again.job.id).toBe(both[0]?.job.id);
  });
}
