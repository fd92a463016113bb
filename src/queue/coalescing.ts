import type { EngineTask } from '../../engine/index.ts';
import type { EaselError } from '../core/errors.ts';
import type { Job, JobState } from '../core/job.ts';
import type { JobChanges } from '../core/job-state.ts';
import { retryUntilWritten } from '../lib/disk-errors.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { PictureStore, ResultCache } from '../store/port.ts';
import type { ExplainFailure, JobOutcome } from './port.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { Transitions } from './transitions.ts';

/** The queue's parts that coalescing asks. */
export interface CoalescingParts {
  readonly transitions: Transitions;
  readonly pictures: Pick<PictureStore, 'copy' | 'delete'>;
  readonly resultCache: ResultCache;
  readonly explain: ExplainFailure;
  /** A job cannot go on for now. */
  readonly hold: (job: Job, trouble: EaselError) => void;
  readonly ended: Emitter<[JobOutcome]>;
  /** Aborted when the queue closes. */
  readonly closing: AbortSignal;
}

/** Jobs that need not be drawn: their pictures were, for an earlier job or for another of the same task. */
export interface Coalescing {
  /** A finished job of exactly this task whose pictures are kept. */
  find(task: EngineTask): Promise<Job | undefined>;
  /** Gives a queued job the pictures of an earlier one. False when they are gone after all: it must be drawn. */
  showAgain(job: Job, earlier: Job): Promise<boolean>;
  /**
   * The engine has let go of an entry: what it drew is remembered, and those that follow it end as it did. Those that
   * must be drawn all the same, because it was cancelled before anything was, are returned.
   */
  finish(entry: QueueEntry): Promise<readonly Job[]>;
}

/** Coalescing over the store's results and pictures. */
export function createCoalescing({
  transitions,
  pictures,
  resultCache,
  explain,
  hold,
  ended,
  closing,
}: CoalescingParts): Coalescing {
  /** A disk that does not take it now is asked again, as for what is drawn. */
  function write<Result>(job: Job, write: () => Promise<Result>): Promise<Result> {
    return retryUntilWritten(write, { signal: closing, onRefused: (trouble) => hold(job, trouble) });
  }

  async function end(job: Job, to: Extract<JobState, 'rendered' | 'failed'>, changes: JobChanges): Promise<void> {
    const moved = await write(job, () => transitions.move(job.id, 'queued', to, changes));
    if (moved !== undefined) ended.emit({ kind: to, job: moved });
  }

  /** False when the pictures are gone, as when they were deleted at this very moment. */
  async function give(from: Job, to: Job, changes: Required<Pick<JobChanges, 'pictures'>> & JobChanges) {
    const copied = await write(to, () => pictures.copy(from.id, to.id, changes.pictures.length));
    if (copied) await end(to, 'rendered', changes);
    return copied;
  }

  async function share(entry: QueueEntry, follower: Job): Promise<boolean> {
    const { job, result: made } = entry;
    if (made !== undefined) return give(job, follower, { pictures: made.pictures, ...notesOf(follower, made.notes) });
    if (job.state !== 'failed' || job.failure === undefined) return false;
    await end(follower, 'failed', { failure: job.failure });
    return true;
  }

  return {
    find: (task) => resultCache.find(task),
    showAgain: (job, earlier) => {
      const { id, repeatOf = id, pictures, notes } = earlier;
      return give(earlier, job, { pictures, repeatOf, ...notesOf(job, notes) });
    },
    finish: async (entry) => {
      if (closing.aborted) return [];
      const unserved: Job[] = [];
      for (const follower of entry.followers) {
        const served = share(entry, follower).catch((error: unknown) => {
          explain(error, follower);
          // Closing: it keeps its state on disk. Otherwise what could not be shared is drawn.
          return closing.aborted;
        });
        if (!(await served)) unserved.push(follower);
      }
      if (entry.job.state === 'rendered') await resultCache.add(entry.job);
      // Its owner cancelled it, and it was drawn for those who follow.
      else if (entry.result !== undefined) await pictures.delete(entry.job.id);
      return unserved;
    },
  };
}

/** What there is to say of the request itself, and of how the engine read it. */
function notesOf(job: Job, more: readonly string[] = []): Pick<JobChanges, 'notes'> {
  const notes = [...new Set([...(job.notes ?? []), ...more])];
  return notes.length > 0 ? { notes } : {};
}
