import { expect, it } from 'vitest';
import { draftOf } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** What is made of a request. */
export function testRequests(stage: QueueStage): void {
  it('has a job on disk before it says so, and tells its place', async () => {
    await stage.open();
    const [a1, a2] = await stage.submit('A1', 'A2');
    expect((await stage.store.unfinished()).map((job) => [job.id, job.state])).toEqual([
      [a1?.id, 'queued'],
      [a2?.id, 'queued'],
    ]);
    expect(stage.queue.position(a1?.id ?? '')?.place).toBe(1);
    expect(stage.queue.position(a2?.id ?? '')?.place).toBe(2);
    expect(stage.queue.position('unknown')).toBeUndefined();
  });

  it('makes one job of one request, however often and whenever it comes', async () => {
    await stage.open();
    const both = await Promise.all([stage.queue.submit(draftOf('A1')), stage.queue.submit(draftOf('A1'))]);
    expect(both.map((submission) => submission.isNew)).toEqual([true, false]);
    await stage.work();
    await stage.finishAll(1);
    const again = await stage.queue.submit(draftOf('A1'));
    expect([again.isNew, again.job.state]).toEqual([false, 'rendered']);
    expect(both[0]?.job.id).toMatch(/^[0-9a-z]{1,20}$/);
    expect(again.job.id).toBe(both[0]?.job.id);
  });
}
