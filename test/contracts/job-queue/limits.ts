import { expect, it } from 'vitest';
import { costOf } from '../../../src/queue/cost.ts';
import { draftOf } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** How much may be asked for. */
export function testLimits(stage: QueueStage): void {
  it('refuses with a sentence when a person has too many waiting, and takes the next one’s', async () => {
    await stage.open({ limits: { maxWaitingPerUser: 2, maxWaiting: 100 } });
    await stage.submit('A1', 'A2');
    await expect(stage.submit('A3')).rejects.toMatchObject({ code: 'limit_waiting', retryable: true });
    await stage.submit('B1');
    expect(stage.queue.pending()).toHaveLength(3);
    await stage.work();
    await stage.engine.begun(0);
    await stage.submit('A3');
  });

  it('refuses with a sentence when everyone together has too many waiting', async () => {
    await stage.open({ limits: { maxWaitingPerUser: 2, maxWaiting: 2 } });
    await stage.submit('A1', 'B1');
    await expect(stage.submit('C1')).rejects.toMatchObject({ code: 'queue_full', retryable: true });
    expect(await stage.store.unfinished()).toHaveLength(2);
  });

  it('bounds what a person may ask for by the hour, over restarts, and gives back what was not drawn', async () => {
    const pictureCost = costOf(draftOf('A').task);
    let time = 1_700_000_000_000;
    await stage.open({ now: () => time, usageLimits: { hour: { requests: 2, pictures: 2 }, day: {}, pictureCost } });
    const [a1] = await stage.submit('A1', 'A2');
    await expect(stage.submit('A3')).rejects.toMatchObject({ code: 'limit_hour', retryable: true });
    await stage.submit('B1');
    await stage.queue.cancel(a1?.id ?? '');
    await stage.submit('A4');
    await stage.restart();
    await expect(stage.submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
    await stage.work();
    await stage.engine.begun(0);
    time += 3_601_000;
    await stage.submit('A6');
  });
}
