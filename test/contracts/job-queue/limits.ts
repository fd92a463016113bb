import { expect, it } from 'vitest';
import { costOf } from '../../../src/queue/cost.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { draftOf } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** How much may be asked for. */
export function testLimits(fixture: QueueFixture): void {
  it('refuses with a sentence when a person has too many waiting, and takes the next one’s', async () => {
    await fixture.open({ limits: { maxWaitingPerUser: 2, maxWaiting: 100 } });
    await fixture.submit('A1', 'A2');
    await expect(fixture.submit('A3')).rejects.toMatchObject({ code: 'limit_waiting', retryable: true });
    await fixture.submit('B1');
    expect(await pendingOf(fixture.queue)).toHaveLength(3);
    await fixture.work();
    await fixture.engine.begun(0);
    await fixture.submit('A3');
  });

  it('refuses with a sentence when everyone together has too many waiting', async () => {
    await fixture.open({ limits: { maxWaitingPerUser: 2, maxWaiting: 2 } });
    await fixture.submit('A1', 'B1');
    await expect(fixture.submit('C1')).rejects.toMatchObject({ code: 'queue_full', retryable: true });
    expect(await fixture.store.unfinished()).toHaveLength(2);
  });

  it('bounds what a person may ask for by the hour, over restarts, and gives back what was not drawn', async () => {
    const pictureCost = costOf(draftOf('A').task);
    let time = 1_700_000_000_000;
    await fixture.open({ now: () => time, quotaLimits: { hour: { requests: 2, pictures: 2 }, day: {}, pictureCost } });
    const [a1] = await fixture.submit('A1', 'A2');
    await expect(fixture.submit('A3')).rejects.toMatchObject({ code: 'limit_hour', retryable: true });
    await fixture.submit('B1');
    await fixture.queue.cancel(a1?.id ?? '');
    await fixture.submit('A4');
    await fixture.restart();
    await expect(fixture.submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
    await fixture.work();
    await fixture.engine.begun(0);
    time += 3_601_000;
    await fixture.submit('A6');
  });
}
