import type { Job } from '../core/job.ts';
import type { JobChanges } from '../core/job-state.ts';
import type { QueueEntry } from './queue-entry.ts';

/**
 * How a queued job ends without the engine:
 * - `copy`: with the pictures of another job. When these are gone after all, it must be drawn.
 * - `fail`: as the job that it followed did.
 * - `draw`: it does not.
 */
export type ShareDecision =
  | { readonly kind: 'copy'; readonly fromJobId: string; readonly changes: PictureChanges }
  | { readonly kind: 'fail'; readonly changes: Required<Pick<JobChanges, 'failure'>> }
  | { readonly kind: 'draw' };

type PictureChanges = Required<Pick<JobChanges, 'pictures'>> & JobChanges;

/** A new job whose task an earlier job has drawn: its pictures are shown again. */
export function decideRepeat(job: Job, earlier: Job): ShareDecision {
  const { id, repeatOf = id, pictures, notes } = earlier;
  return { kind: 'copy', fromJobId: id, changes: { pictures, repeatOf, ...notesOf(job, notes) } };
}

/** A job that followed an entry which the engine has let go of: it ends as that one did, if that one has an end. */
export function decideShare({ job, result }: QueueEntry, follower: Job): ShareDecision {
  if (result !== undefined) {
    const changes = { pictures: result.pictures, ...notesOf(follower, result.notes) };
    return { kind: 'copy', fromJobId: job.id, changes };
  }
  if (job.state !== 'failed' || job.failure === undefined) return { kind: 'draw' };
  return { kind: 'fail', changes: { failure: job.failure } };
}

/**
 * What becomes of an entry's pictures when all have theirs: they are remembered for later jobs, or they are deleted
 * because their owner cancelled and they were drawn for followers only.
 */
export function decideKeep({ job, result }: QueueEntry): 'remember' | 'delete' | 'nothing' {
  if (job.state === 'rendered') return 'remember';
  return result === undefined ? 'nothing' : 'delete';
}

/** What there is to say of the request itself, and of how the engine read it. */
function notesOf(job: Job, more: readonly string[] = []): Pick<JobChanges, 'notes'> {
  const notes = [...new Set([...(job.notes ?? []), ...more])];
  return notes.length > 0 ? { notes } : {};
}
