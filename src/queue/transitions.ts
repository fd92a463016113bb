import type { Job, JobState } from '../core/job.ts';
import { type JobChanges, transition } from '../core/job-state.ts';
import type { JobStore } from '../store/port.ts';

/** The queue's writes: every change of a job's state is on disk before anyone hears of it. */
export interface Transitions {
  /** Undefined when the job is no longer in state `from`: somebody else was first. */
  move(jobId: string, from: JobState, to: JobState, changes?: JobChanges): Promise<Job | undefined>;
  /** Undefined when the job is not as `may` asks. */
  moveIf(jobId: string, may: (job: Job) => boolean, to: JobState, changes?: JobChanges): Promise<Job | undefined>;
  /** A running job was interrupted by no fault of its own: it was not an attempt. */
  undoAttempt(jobId: string): Promise<void>;
}

/** @param now milliseconds since the epoch, for `updatedAt` */
export function createTransitions(store: JobStore, now: () => number): Transitions {
  const moveIf: Transitions['moveIf'] = async (jobId, may, to, changes = {}) => {
    let moved = false;
    const job = await store.update(jobId, (job) => {
      moved = may(job);
      return moved ? transition(job, to, now(), changes) : job;
    });
    return moved ? job : undefined;
  };
  return {
    moveIf,
    move: (jobId, from, to, changes) => moveIf(jobId, (job) => job.state === from, to, changes),
    undoAttempt: async (jobId) => {
      await store.update(jobId, (job) => (job.state === 'running' ? { ...job, attempts: job.attempts - 1 } : job));
    },
  };
}
