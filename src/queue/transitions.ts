import type { Progress } from '../../engine/index.ts';
import type { EaselError } from '../core/errors.ts';
import type { Job, JobState } from '../core/job.ts';
import { type JobChanges, transition } from '../core/job-state.ts';
import { retryUntilWritten } from '../lib/disk-errors.ts';
import { createEmitter, type Emitter } from '../lib/emitter.ts';
import type { JobStore } from '../store/port.ts';
import type { ExplainFailure, JobOutcome, QueuePosition } from './port.ts';
import { hearersOf, type QueueEntry } from './queue-entry.ts';

export interface TransitionsParts {
  readonly store: JobStore;
  readonly now: () => number;
  readonly explain: ExplainFailure;
  /** Aborted when the queue closes: no write is tried again. */
  readonly closing: AbortSignal;
}

/** The queue's writes and announcements: every change of a job's state is on disk before anyone hears of it. */
export interface Transitions {
  readonly queued: Emitter<[Job, QueuePosition]>;
  readonly progressed: Emitter<[Job, Progress]>;
  readonly held: Emitter<[Job, EaselError]>;
  readonly ended: Emitter<[JobOutcome]>;
  /** Undefined when the job is no longer in state `from`: somebody else was first. */
  move(jobId: string, from: JobState, to: JobState, changes?: JobChanges): Promise<Job | undefined>;
  /** Undefined when the job is not as `may` asks. */
  moveIf(jobId: string, may: (job: Job) => boolean, to: JobState): Promise<Job | undefined>;
  /** Moves an entry's own job. False when that is no longer in state `from`: it was cancelled. */
  moveEntry(entry: QueueEntry, from: JobState, to: JobState, changes: JobChanges): Promise<boolean>;
  /** queued → rendered or failed, without the engine. */
  settle(job: Job, to: 'rendered' | 'failed', changes: JobChanges): Promise<void>;
  /** A disk that does not take it now is asked again, so that the job goes on without a restart. */
  persist<Result>(job: Job, write: () => Promise<Result>): Promise<Result>;
  /** An entry cannot go on for now. */
  hold(entry: QueueEntry, trouble: EaselError): void;
  /** How far a running entry is, to all who wait for its pictures. */
  report(entry: QueueEntry, progress: Progress): void;
  /** A running job was interrupted by no fault of its own: it was not an attempt. */
  undoAttempt(jobId: string): Promise<void>;
}

export function createTransitions({ store, now, explain, closing: signal }: TransitionsParts): Transitions {
  const queued = createEmitter<[Job, QueuePosition]>();
  const progressed = createEmitter<[Job, Progress]>();
  const held = createEmitter<[Job, EaselError]>();
  const ended = createEmitter<[JobOutcome]>();

  async function moveIf(jobId: string, may: (job: Job) => boolean, to: JobState, changes: JobChanges = {}) {
    let moved = false;
    const job = await store.update(jobId, (job) => {
      moved = may(job);
      return moved ? transition(job, to, now(), changes) : job;
    });
    return moved ? job : undefined;
  }

  const move: Transitions['move'] = (jobId, from, to, changes) =>
    moveIf(jobId, (job) => job.state === from, to, changes);

  const persist: Transitions['persist'] = (job, write) => {
    const onRefused = (trouble: EaselError) => {
      explain(trouble, job);
      held.emit(job, trouble);
    };
    return retryUntilWritten(write, { signal, onRefused });
  };

  function hold(entry: QueueEntry, trouble: EaselError): void {
    explain(trouble, entry.job);
    for (const job of hearersOf(entry)) held.emit(job, trouble);
  }

  return {
    ...{ queued, progressed, held, ended, move, moveIf, persist, hold },
    moveEntry: async (entry, from, to, changes) => {
      const write = () => move(entry.job.id, from, to, changes);
      const job = await retryUntilWritten(write, { signal, onRefused: (trouble) => hold(entry, trouble) });
      entry.job = job ?? entry.job;
      return job !== undefined;
    },
    settle: async (job, to, changes) => {
      const moved = await persist(job, () => move(job.id, 'queued', to, changes));
      if (moved !== undefined) ended.emit({ kind: to, job: moved });
    },
    report: (entry, progress) => {
      if (entry.stop.signal.aborted || entry.phase !== 'running') return;
      entry.done = progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
      const { interrupted } = entry.job;
      // Those that follow get the same pictures, and wait as long.
      for (const job of hearersOf(entry))
        progressed.emit(interrupted === undefined ? job : { ...job, interrupted }, progress);
    },
    undoAttempt: async (jobId) => {
      await store.update(jobId, (job) => (job.state === 'running' ? { ...job, attempts: job.attempts - 1 } : job));
    },
  };
}
