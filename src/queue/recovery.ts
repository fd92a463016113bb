import type { Job } from '../core/job.ts';

/** Beginnings over all restarts, so that a job that takes the whole process down does not do so for ever. */
const MAX_ATTEMPTS = 5;

/**
 * What becomes of a job that an earlier process left:
 * - `fail`: it has taken the process down each time.
 * - `resume`: it was in the engine when the process ended, and comes before all others.
 * - `wait`: it waited.
 */
export type RecoveryDecision = 'fail' | 'resume' | 'wait';

/** @param job queued or running */
export function decideRecovery({ state, attempts }: Job): RecoveryDecision {
  if (state !== 'running') return 'wait';
  return attempts >= MAX_ATTEMPTS ? 'fail' : 'resume';
}
