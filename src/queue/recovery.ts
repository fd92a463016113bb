import type { Job } from '../core/job.ts';
import { isPending } from '../core/job-state.ts';
import type { JobStore } from '../store/port.ts';
import type { ExplainFailure } from './port.ts';
import { crashError } from './run-job.ts';
import type { Transitions } from './transitions.ts';

/** Beginnings over all restarts, so that a job that takes the whole process down does not do so for ever. */
const MAX_ATTEMPTS = 5;

/** What recovery needs of the queue. */
export interface RecoveryParts {
  readonly store: JobStore;
  readonly transitions: Transitions;
  readonly explain: ExplainFailure;
  /** The queue has taken this job up already. */
  readonly isKnown: (jobId: string) => boolean;
}

/** What an earlier process left, oldest first; all but the failed are queued now. */
export interface RecoveredJobs {
  /** They were in the engine when it ended. */
  readonly begun: readonly Job[];
  readonly waiting: readonly Job[];
  /** They have taken the process down each time. */
  readonly failed: readonly Job[];
}

/** Reads every unfinished job of the store, and puts back into the queue those that were running. */
export async function recoverJobs({ store, transitions, explain, isKnown }: RecoveryParts): Promise<RecoveredJobs> {
  const jobs = (await store.unfinished()).filter((job) => isPending(job) && !isKnown(job.id));
  const begun: Job[] = [];
  const failed: Job[] = [];
  for (const job of jobs.filter(({ state }) => state === 'running')) {
    const tooOften = job.attempts >= MAX_ATTEMPTS;
    const next = tooOften
      ? await transitions.move(job.id, 'running', 'failed', { failure: explain(crashError(), job) })
      : await transitions.move(job.id, 'running', 'queued');
    if (next !== undefined) (tooOften ? failed : begun).push(next);
  }
  return { begun, waiting: jobs.filter(({ state }) => state === 'queued'), failed };
}
