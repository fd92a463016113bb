import type { Job } from '../core/job.ts';
import { hasEnded } from '../core/job-state.ts';
import type { Signal } from '../core/signal.ts';
import type { JobStore } from '../store/port.ts';
import type { Journal } from './journal.ts';
import type { Entry, Line } from './line.ts';
import type { JobOutcome, JobQueue } from './port.ts';
import type { Usage } from './usage.ts';

export interface CancelParts {
  readonly store: Pick<JobStore, 'get'>;
  readonly journal: Journal;
  readonly line: Line;
  readonly usage: Usage;
  readonly ended: Signal<[JobOutcome]>;
  /** Takes a job back into the line that followed the one which leaves. */
  readonly join: (job: Job) => Promise<void>;
  readonly startNext: () => void;
  /** What the entry was charged for and has not used. */
  readonly giveBack: (entry: Entry) => Promise<void>;
}

/** Ends a job wherever it stands: what its state says is on disk before the engine is told. */
export function createCancel(parts: CancelParts): JobQueue['cancel'] {
  const { store, journal, line, usage, ended, join, startNext, giveBack } = parts;

  /** The owner of what is drawn does not want it any more; those who follow may. */
  async function leave(entry: Entry): Promise<void> {
    if (entry.phase === 'running' && entry.followers.length > 0) {
      entry.used ??= entry.done;
      return;
    }
    const waited = entry.phase === 'waiting';
    // One that runs holds its slot until the engine has let go of it, within a step.
    entry.stop.abort();
    line.remove(entry);
    if (!waited) return;
    // All of them at once, so that none is out of the line when somebody looks.
    await Promise.all(entry.followers.map(join));
    startNext();
    await giveBack(entry);
  }

  return async (jobId) => {
    const job = await journal.moveIf(jobId, (stored) => !hasEnded(stored), 'cancelled');
    if (job === undefined) return store.get(jobId);
    const leader = line.leaderOf(jobId);
    const entry = line.get(jobId) ?? leader;
    if (leader !== undefined) line.unfollow(jobId);
    else if (entry !== undefined) entry.job = job;
    ended.emit({ kind: 'cancelled', job });
    if (leader !== undefined) await usage.forget(job);
    if (entry !== undefined && entry.job.state === 'cancelled') await leave(entry);
    return job;
  };
}
