import { EaselError } from '../core/errors.ts';

/** How many jobs may wait. */
export interface QueueLimits {
  /** Jobs one person may have waiting; the one being drawn does not count. */
  readonly maxWaitingPerUser: number;
  /** Jobs that may wait in all. */
  readonly maxWaiting: number;
}

/** How many jobs wait now. */
export interface WaitingCounts {
  readonly ofOwner: number;
  readonly inAll: number;
}

/** @throws EaselError `limit_waiting` or `queue_full`: nothing was queued, and asking later may succeed. */
export function assertMayWait(waiting: WaitingCounts, limits: QueueLimits): void {
  if (waiting.ofOwner >= limits.maxWaitingPerUser) {
    const count = waiting.ofOwner === 1 ? 'a request' : `${waiting.ofOwner} requests`;
    throw new EaselError(
      'limit_waiting',
      `You already have ${count} waiting, which is the limit here; try again when one has started, or cancel one.`,
      { retryable: true },
    );
  }
  if (waiting.inAll >= limits.maxWaiting) {
    throw new EaselError('queue_full', `The queue is full (${waiting.inAll} waiting); try again in a few minutes.`, {
      retryable: true,
    });
  }
}
