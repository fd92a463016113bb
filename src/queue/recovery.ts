import type { Job } from '../core/job.ts';
import { isLostTooOften } from './trouble.ts';

/**
 * What becomes of a job that an earlier process left:
 * - `fail`: it has taken the process down each time.
 * - `resume`: it was in the engine when the process ended, and comes before all others.
 * - `wait`: it waited.
 */
export type RecoveryDecision = 'fail' | 'resume' | 'wait';

/** @param job queued or running @param runsOutlive the process only led what drew it, which goes on */
export function decideRecovery(job: Job, runsOutlive: boolean): RecoveryDecision {
  if (job.state !== 'running') return 'wait';
  return !runsOutlive && isLostTooOften(job) ? 'fail' : 'resume';
}
