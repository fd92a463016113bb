import { afterEach, describe } from 'vitest';
import { testCancelling } from './cancelling.ts';
import { testCapacity } from './capacity.ts';
import { testCoalescing } from './coalescing.ts';
import { testCrashes } from './crashes.ts';
import { testFairOrder } from './fair-order.ts';
import { testLimits } from './limits.ts';
import { testLostWorkers } from './lost-workers.ts';
import { testPositions } from './positions.ts';
import { QueueFixture, type QueueSetup, type QueueUnderTest } from './queue-fixture.ts';
import { testRequests } from './requests.ts';
import { testRestarts } from './restarts.ts';

export type { QueueSetup, QueueUnderTest } from './queue-fixture.ts';

/** What every driver of the queue must do. */
export function testJobQueue(name: string, open: (setup: QueueSetup) => Promise<QueueUnderTest>): void {
  describe(`${name}: a fair queue`, () => {
    const fixture = new QueueFixture(open);
    afterEach(() => fixture.close());

    testFairOrder(fixture);
    testRequests(fixture);
    testLimits(fixture);
    testCapacity(fixture);
    testCancelling(fixture);
    testCoalescing(fixture);
    testPositions(fixture);
    testCrashes(fixture);
    testLostWorkers(fixture);
    testRestarts(fixture);
  });
}
