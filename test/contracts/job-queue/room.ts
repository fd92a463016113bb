import { expect, it } from 'vitest';
import { loadOf } from '../../../src/queue/cost.ts';
import { draftOf } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** What is in the engine at the same time. */
export function testRoom(stage: QueueStage): void {
  it('runs as many at once as it is told, and no more', async () => {
    await stage.open({ capacity: { slots: 2 } });
    await stage.submit('A1', 'B1', 'C1');
    await stage.work();
    await stage.engine.begun(1);
    expect(stage.queue.pending().map((job) => stage.queue.position(job.id)?.place)).toEqual([0, 0, 1]);
    expect(stage.engine.runs).toHaveLength(2);
    await stage.finishAll(3);
  });

  it('leaves one person no more slots than are allowed while others wait, and all of them when nobody does', async () => {
    await stage.open({ capacity: { slots: 3, maxRunningPerUser: 2 } });
    await stage.submit('A1', 'A2', 'A3', 'A4');
    await stage.queue.submit(draftOf('B1', { steps: 100 }));
    await stage.work();
    await stage.engine.begun(2);
    expect(stage.order()).toBe('A1 B1 A2');
    (await stage.engine.begun(1)).finish();
    await stage.engine.begun(3);
    expect(stage.order()).toBe('A1 B1 A2 A3');
    for (const index of [0, 2, 3, 4]) (await stage.engine.begun(index)).finish();
    await stage.ended(5);
  });

  it('keeps a job waiting that is too large to run beside others, and lets nobody pass it', async () => {
    const load = loadOf(draftOf('A').task);
    await stage.open({ capacity: { slots: 4, maxLoad: 4 * load } });
    await stage.submit('A1');
    await stage.queue.submit(draftOf('B1', { count: 4 }));
    await stage.submit('C1');
    await stage.work();
    (await stage.engine.begun(0)).finish();
    await stage.engine.begun(1);
    expect(stage.order()).toBe('A1 B1');
    (await stage.engine.begun(1)).finish();
    (await stage.engine.begun(2)).finish();
    await stage.ended(3);
  });
}
