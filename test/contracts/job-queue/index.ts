import { afterEach, describe } from 'vitest';
import { testCancelling } from './cancelling.ts';
import { testCrashes } from './crashes.ts';
import { testLimits } from './limits.ts';
import { testPlaces } from './places.ts';
import { testRequests } from './requests.ts';
import { testRestarts } from './restarts.ts';
import { testRoom } from './room.ts';
import { testSharing } from './sharing.ts';
import { type QueueSetup, QueueStage, type QueueUnderTest } from './stage.ts';
import { testTurns } from './turns.ts';

export type { QueueSetup, QueueUnderTest } from './stage.ts';

/** What every driver of the queue must do. */
export function testJobQueue(name: string, open: (setup: QueueSetup) => Promise<QueueUnderTest>): void {
  describe(`${name}: a fair queue`, () => {
    const stage = new QueueStage(open);
    afterEach(() => stage.close());

    testTurns(stage);
    testRequests(stage);
    testLimits(stage);
    testRoom(stage);
    testCancelling(stage);
    testSharing(stage);
    testPlaces(stage);
    testCrashes(stage);
    testRestarts(stage);
  });
}
