import type { Job } from '../core/job.ts';
import { hasEnded } from '../core/job-state.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { JobStore } from '../store/port.ts';
import type { JobOutcome, JobQueue } from './port.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { Quota } from './quota.ts';
import type { RunQueue } from './run-queue.ts';
import type { Transitions } from './transitions.ts';

/** The queue's parts that cancelling asks. */
export interface CancelParts {
  readonly store: Pick<JobStore, 'get'>;
  readonly transitions: Transitions;
  readonly runQueue: RunQueue;
  readonly quota: Quota;
  readonly ended: Emitter<[JobOutcome]>;
  /** Takes a job back into the queue that followed the one which leaves. */
  readonly join: (job: Job) => Promise<void>;
  readonly startNext: () => void;
  /** What the entry was charged for and has not used. */
  readonly giveBack: (entry: QueueEntry) => Promise<void>;
}

/** Ends a job wherever it stands: what its state says is on disk before the engine is told. */
export function createCancel(parts: CancelParts): JobQueue['cancel'] {
  const { store, transitions, runQueue, quota, ended, join, startNext, giveBack } = parts;

  /** The owner of what is drawn does not want it any more; those who follow may. */
  async function leave(entry: QueueEntry): Promise<void> {
    if (entry.phase === 'running' && entry.followers.length > 0) {
      entry.used ??= entry.done;
      return;
    }
    const waited = entry.phase === 'waiting';
    // One that runs holds its slot until the engine has let go of it, within a step.
    entry.stop.abort();
    runQueue.remove(entry);
    if (!waited) return;
    // All of them at once, so that none is out of the queue when somebody looks.
    await Promise.all(entry.followers.map(join));
    startNext();
    await giveBack(entry);
  }

  return async (jobId) => {
    const job = await transitions.moveIf(jobId, (stored) => !hasEnded(stored), 'cancelled');
    if (job === undefined) return store.get(jobId);
    const leader = runQueue.leaderOf(jobId);
    const entry = runQueue.get(jobId) ?? leader;
    if (leader !== undefined) runQueue.unfollow(jobId);
    else if (entry !== undefined) entry.job = job;
    ended.emit({ kind: 'cancelled', job });
    if (leader !== undefined) await quota.forget(job);
    if (entry !== undefined && entry.job.state === 'cancelled') await leave(entry);
    return job;
  };
}
