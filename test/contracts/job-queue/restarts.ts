import { expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import { draftOf } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** What the next process takes up. */
export function testRestarts(stage: QueueStage): void {
  it.each([
    ['a restart, which is no attempt', 1, () => stage.restart()],
    ['a death, which is one', 2, () => stage.die()],
  ])('takes up after %s, what was running, then what waited, in the same order', async (_what, attempts, end) => {
    await stage.open();
    await stage.submit('A1', 'A2', 'B1');
    await stage.work();
    await stage.engine.begun(0);
    await end();
    stage.begun = [];
    await stage.work();
    await stage.finishAll(3);
    expect(stage.order()).toBe('A1 B1 A2');
    expect(stage.outcomes[0]).toMatchObject({ job: { attempts } });
  });

  it.each([
    ['a restart', () => stage.restart()],
    ['a death', () => stage.die()],
  ])('remembers over %s whose turn it is: who had much just before it waits for the others', async (_what, end) => {
    await stage.open();
    await stage.queue.submit(draftOf('A1', { steps: 12 }));
    await stage.submit('A2', 'B1', 'B2', 'B3', 'B4');
    await stage.work();
    (await stage.engine.begun(0)).finish();
    await stage.engine.begun(1);
    await end();
    await stage.work();
    await stage.engine.begun(0);
    await stage.submit('C1');
    await stage.finishAll(6);
    // A has had as much with A1 as three of B's.
    expect(stage.order()).toBe('A1 B1 B1 C1 B2 B3 A2 B4');
  });

  it('restarts under one job as often as it likes: the job is not blamed for it, nor run alone', async () => {
    await stage.open({ capacity: { slots: 2 } });
    await stage.submit('A1', 'B1');
    for (let restart = 0; restart < 7; restart += 1) {
      await stage.work();
      await stage.engine.begun(1);
      await stage.restart();
    }
    expect((await stage.store.unfinished()).map(({ state, attempts }) => [state, attempts])).toEqual([
      ['running', 0],
      ['running', 0],
    ]);
    await stage.work();
    await stage.engine.begun(1);
    await stage.finishAll(2);
    expect(stage.outcomes.map(({ kind, job }) => [kind, job.attempts])).toEqual([
      ['rendered', 1],
      ['rendered', 1],
    ]);
  });

  it('keeps for the next process what ended while nobody showed it, and draws none of it again', async () => {
    await stage.open();
    const [a1, b1] = await stage.submit('A1', 'B1');
    await stage.work();
    (await stage.engine.begun(0)).finish();
    (await stage.engine.begun(1)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    await stage.ended(2);
    await stage.restart();
    await stage.work();
    expect(stage.queue.pending()).toEqual([]);
    expect(stage.engine.runs).toHaveLength(0);
    const left = await stage.store.unfinished();
    expect(left.map((job) => [job.id, job.state])).toEqual([
      [a1?.id, 'rendered'],
      [b1?.id, 'failed'],
    ]);
    expect((await stage.queue.cancel(a1?.id ?? ''))?.state).toBe('cancelled');
  });

  it('takes no new jobs once it closes, and leaves those that run for the next start', async () => {
    await stage.open();
    const [a1] = await stage.submit('A1');
    await stage.work();
    await stage.engine.begun(0);
    await Promise.all([stage.queue.close(), stage.queue.close()]);
    await expect(stage.submit('A2')).rejects.toMatchObject({ code: 'closing' });
    expect(await stage.store.get(a1?.id ?? '')).toMatchObject({ state: 'running', attempts: 0 });
    expect(stage.outcomes).toEqual([]);
  });
}
