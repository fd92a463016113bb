import type { Job, JobState } from './job.ts';

/**
 * From each state, the states a job may go to. `running → queued`: the engine or the whole process died under it;
 * `queued → rendered`: its pictures had been drawn before, or were drawn for another job with it.
 */
const NEXT: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['running', 'rendered', 'failed', 'cancelled'],
  running: ['rendered', 'queued', 'failed', 'cancelled'],
  rendered: ['delivered', 'failed', 'cancelled'],
  delivered: [],
  failed: [],
  cancelled: [],
};

/** A bug: some part of the bot tried to move a job where it cannot go. */
export class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError';
}

/** What a transition may change beside the state. */
export type JobChanges = Partial<
  Pick<Job, 'attempts' | 'crashes' | 'pictures' | 'notes' | 'repeatOf' | 'failure' | 'interrupted'>
>;

/**
 * The job in its next state; the only way a job's state changes.
 * @param at milliseconds since the epoch
 * @throws IllegalTransitionError
 */
export function transition(job: Job, to: JobState, at: number, changes: JobChanges = {}): Job {
  if (!NEXT[job.state].includes(to)) {
    throw new IllegalTransitionError(`job ${job.id} cannot go from ${job.state} to ${to}`);
  }
  return { ...job, ...changes, state: to, updatedAt: at };
}

/** No transition leaves this state. */
export function hasEnded(job: Job): boolean {
  return NEXT[job.state].length === 0;
}

/** It can still be kept from being shown. */
export function isCancellable(job: Job): boolean {
  return !hasEnded(job) && job.deleting !== true;
}

/** Waiting for the engine, or in it. */
export function isPending(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

/** Its pictures are there to be shown, unless their files were pruned. */
export function isShowable(job: Job): boolean {
  const stands = job.state === 'rendered' || job.state === 'delivered';
  return stands && job.deleted !== true && job.deleting !== true && job.pictures.length > 0;
}

/** Nothing remains to be done for it, neither by the engine nor in the channel. */
export function isSettled(job: Job): boolean {
  if (job.deleting === true) return false;
  switch (job.state) {
    case 'queued':
    case 'running':
    case 'rendered':
      return false;
    case 'delivered':
      return true;
    case 'failed':
    case 'cancelled':
      return job.announced === true;
  }
}
