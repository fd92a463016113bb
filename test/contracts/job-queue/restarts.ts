import { expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { draftOf } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** What the next process takes up. */
export function testRestarts(fixture: QueueFixture): void {
  it.each([
    ['a restart, which is no attempt', 1, () => fixture.restart()],
    ['a death, which is one', 2, () => fixture.die()],
  ])('takes up after %s, what was running, then what waited, in the same order', async (_what, attempts, end) => {
    await fixture.open();
    await fixture.submit('A1', 'A2', 'B1');
    await fixture.work();
    await fixture.engine.begun(0);
    await end();
    fixture.begun = [];
    await fixture.work();
    await fixture.finishAll(3);
    expect(fixture.order()).toBe('A1 B1 A2');
    expect(fixture.outcomes[0]).toMatchObject({ job: { attempts } });
  });

  it.each([
    ['a restart', () => fixture.restart()],
    ['a death', () => fixture.die()],
  ])('remembers over %s whose turn it is: who had much just before it waits for the others', async (_what, end) => {
    await fixture.open();
    await fixture.queue.submit(draftOf('A1', { steps: 12 }));
    await fixture.submit('A2', 'B1', 'B2', 'B3', 'B4');
    await fixture.work();
    (await fixture.engine.begun(0)).finish();
    await fixture.engine.begun(1);
    await end();
    await fixture.work();
    await fixture.engine.begun(0);
    await fixture.submit('C1');
    await fixture.finishAll(6);
    // A has had as much with A1 as three of B's.
    expect(fixture.order()).toBe('A1 B1 B1 C1 B2 B3 A2 B4');
  });

  it('restarts under one job as often as it likes: the job is not blamed for it, nor run alone', async () => {
    await fixture.open({ capacity: { slots: 2 } });
    await fixture.submit('A1', 'B1');
    for (let restart = 0; restart < 7; restart += 1) {
      await fixture.work();
      await fixture.engine.begun(1);
      await fixture.restart();
    }
    expect((await fixture.store.unfinished()).map(({ state, attempts }) => [state, attempts])).toEqual([
      ['running', 0],
      ['running', 0],
    ]);
    await fixture.work();
    await fixture.engine.begun(1);
    await fixture.finishAll(2);
    expect(fixture.outcomes.map(({ kind, job }) => [kind, job.attempts])).toEqual([
      ['rendered', 1],
      ['rendered', 1],
    ]);
  });

  it('keeps for the next process what ended while nobody showed it, and draws none of it again', async () => {
    await fixture.open();
    const [a1, b1] = await fixture.submit('A1', 'B1');
    await fixture.work();
    (await fixture.engine.begun(0)).finish();
    (await fixture.engine.begun(1)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    await fixture.ended(2);
    await fixture.restart();
    await fixture.work();
    expect(await pendingOf(fixture.queue)).toEqual([]);
    expect(fixture.engine.runs).toHaveLength(0);
    const left = await fixture.store.unfinished();
    expect(left.map((job) => [job.id, job.state])).toEqual([
      [a1?.id, 'rendered'],
      [b1?.id, 'failed'],
    ]);
    expect((await fixture.queue.cancel(a1?.id ?? ''))?.state).toBe('cancelled');
  });

  it('takes no new jobs once it closes, and leaves those that run for the next start', async () => {
    await fixture.open();
    const [a1] = await fixture.submit('A1');
    await fixture.work();
    await fixture.engine.begun(0);
    await Promise.all([fixture.queue.close(), fixture.queue.close()]);
    await expect(fixture.submit('A2')).rejects.toMatchObject({ code: 'closing' });
    expect(await fixture.store.get(a1?.id ?? '')).toMatchObject({ state: 'running', attempts: 0 });
    expect(fixture.outcomes).toEqual([]);
  });
}
