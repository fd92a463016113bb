import { expect, it } from 'vitest';
import { loadOf } from '../../../src/queue/cost.ts';
import { draftOf } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** What is in the engine at the same time. */
export function testCapacity(fixture: QueueFixture): void {
  it('runs as many at once as it is told, and no more', async () => {
    await fixture.open({ capacity: { slots: 2 } });
    await fixture.submit('A1', 'B1', 'C1');
    await fixture.work();
    await fixture.engine.begun(1);
    expect((await fixture.queue.snapshot()).jobs.map(({ place }) => place.position)).toEqual([0, 0, 1]);
    expect(fixture.engine.runs).toHaveLength(2);
    await fixture.finishAll(3);
  });

  it('leaves one person no more slots than are allowed while others wait, and all of them when nobody does', async () => {
    await fixture.open({ capacity: { slots: 3, maxRunningPerUser: 2 } });
    await fixture.submit('A1', 'A2', 'A3', 'A4');
    await fixture.queue.submit(draftOf('B1', { steps: 100 }));
    await fixture.work();
    await fixture.engine.begun(2);
    expect(fixture.order()).toBe('A1 B1 A2');
    (await fixture.engine.begun(1)).finish();
    await fixture.engine.begun(3);
    expect(fixture.order()).toBe('A1 B1 A2 A3');
    for (const index of [0, 2, 3, 4]) (await fixture.engine.begun(index)).finish();
    await fixture.ended(5);
  });

  it('keeps a job waiting that is too large to run beside others, and lets nobody pass it', async () => {
    const load = loadOf(draftOf('A').task);
    await fixture.open({ capacity: { slots: 4, maxLoad: 4 * load } });
    await fixture.submit('A1');
    await fixture.queue.submit(draftOf('B1', { count: 4 }));
    await fixture.submit('C1');
    await fixture.work();
    (await fixture.engine.begun(0)).finish();
    await fixture.engine.begun(1);
    expect(fixture.order()).toBe('A1 B1');
    (await fixture.engine.begun(1)).finish();
    (await fixture.engine.begun(2)).finish();
    await fixture.ended(3);
  });
}
