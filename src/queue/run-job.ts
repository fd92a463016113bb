import { type EngineError, isEngineError, type Progress } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import type { Job, JobState } from '../core/job.ts';
import type { JobChanges } from '../core/job-state.ts';
import { retryUntilWritten } from '../lib/disk-errors.ts';
import type { Emitter } from '../lib/emitter.ts';
import { stepsOf } from './cost.ts';
import type { ExplainFailure, JobOutcome, JobWorker } from './port.ts';
import { jobsSharing, type QueueEntry } from './queue-entry.ts';
import type { RunQueue } from './run-queue.ts';
import { createSharedLock } from './shared-lock.ts';
import type { Transitions } from './transitions.ts';

/** Engine crashes that one job may see before it is blamed for them; it sees the last one alone. */
const MAX_CRASHES = 2;
/** Beginnings that the process did not survive, after which a job runs alone: then none beside it is blamed for it. */
const SUSPECT_ATTEMPTS = 2;

export interface RunJobContext {
  readonly worker: JobWorker;
  readonly transitions: Transitions;
  readonly runQueue: RunQueue;
  readonly explain: ExplainFailure;
  readonly progressed: Emitter<[Job, Progress]>;
  readonly held: Emitter<[Job, EaselError]>;
  readonly ended: Emitter<[JobOutcome]>;
  /** Aborted when the queue closes. */
  readonly closing: AbortSignal;
}

/** Takes one job through the engine, again after a crash, until it is rendered, failed or cancelled. */
export function createRunJob(context: RunJobContext): (entry: QueueEntry) => Promise<void> {
  const { worker, transitions, runQueue, explain, progressed, held, ended, closing } = context;
  const lock = createSharedLock();

  function hold(entry: QueueEntry, trouble: EaselError): void {
    explain(trouble, entry.job);
    for (const job of everyone(entry)) held.emit(job, trouble);
  }

  /** A disk that does not take it now is asked again, so that the job goes on without a restart. */
  function move(entry: QueueEntry, from: JobState, to: JobState, changes?: JobChanges): Promise<Job | undefined> {
    const write = () => transitions.move(entry.job.id, from, to, changes);
    return retryUntilWritten(write, { signal: closing, onRefused: (trouble) => hold(entry, trouble) });
  }

  async function finish(entry: QueueEntry, to: 'rendered' | 'failed', changes: JobChanges): Promise<void> {
    const job = await move(entry, 'running', to, changes);
    if (job === undefined) return;
    entry.job = job;
    runQueue.remove(entry);
    ended.emit({ kind: to, job });
  }

  function report(entry: QueueEntry, progress: Progress): void {
    if (entry.stop.signal.aborted || entry.phase !== 'running') return;
    entry.done = progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
    const { interrupted } = entry.job;
    // Those that follow get the same pictures, and wait as long.
    for (const job of everyone(entry))
      progressed.emit(interrupted === undefined ? job : { ...job, interrupted }, progress);
  }

  /** The trouble that ended the attempt; undefined when the pictures stand. */
  async function attempt(entry: QueueEntry): Promise<{ readonly error: unknown } | undefined> {
    report(entry, { phase: 'loading', step: 0, steps: stepsOf(entry.job.task) });
    try {
      const { signal } = entry.stop;
      const { pictures, notes, timings } = await worker(entry.job, {
        signal,
        onProgress: (progress) => report(entry, progress),
        onHeld: (trouble) => hold(entry, trouble),
      });
      entry.loadMs = timings.loadMs;
      const stored = pictures.map(({ recipe, width, height }) => ({ recipe, width, height }));
      const all = [...(entry.job.notes ?? []), ...notes];
      entry.result = { pictures: stored, notes };
      await finish(entry, 'rendered', { pictures: stored, ...(all.length > 0 && { notes: all }) });
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** One time through the engine: the trouble that it met, and undefined when there is nothing left to do. */
  async function runOnce(entry: QueueEntry): Promise<{ readonly error: unknown } | undefined> {
    const begun = await move(entry, 'queued', 'running', { attempts: entry.job.attempts + 1 });
    if (begun === undefined) return undefined;
    entry.job = begun;
    return attempt(entry);
  }

  return async (entry) => {
    const { signal } = entry.stop;
    for (let crashes = 0; ; ) {
      const isSuspect = crashes > 0 || entry.job.attempts >= SUSPECT_ATTEMPTS;
      const release = await (isSuspect ? lock.exclusive(signal) : lock.shared(signal)).catch(() => undefined);
      if (release === undefined) return;
      const trouble = await runOnce(entry).finally(release);
      if (trouble === undefined || closing.aborted || signal.aborted) return;
      if (!isCrash(trouble.error)) return finish(entry, 'failed', { failure: explain(trouble.error, entry.job) });
      crashes += 1;
      if (crashes === MAX_CRASHES) {
        return finish(entry, 'failed', { failure: explain(crashError(trouble.error), entry.job) });
      }
      // It keeps its slot: of all that wait, nothing has an earlier tag.
      const interrupted = isHang(trouble.error) ? 'hung' : 'ended';
      entry.job = (await move(entry, 'running', 'queued', { interrupted })) ?? entry.job;
    }
  };
}

/** Who hears of it: the owner unless they cancelled, and those who get the same pictures. */
function everyone(entry: QueueEntry): readonly Job[] {
  return jobsSharing(entry).filter((job) => job.state !== 'cancelled');
}

/** The error of a job that crashed the engine or the process more than once. */
export function crashError(cause?: unknown): EaselError {
  return new EaselError('engine_crashed', sentenceOf(isEngineError(cause) ? cause.facts : {}), { cause });
}

function sentenceOf({ cause, phase }: EngineError['facts']): string {
  if (cause === 'hung') return 'The engine stopped responding each time it drew this; try a smaller picture.';
  if (phase === 'loading') {
    return 'The engine crashed each time it loaded the model; the model files may be damaged, or too large for the available memory.';
  }
  const why = cause === 'memory' ? ', probably because memory ran out' : '';
  return `The engine crashed each time it drew this${why}; try a smaller picture, or fewer at once.`;
}

function isCrash(error: unknown): boolean {
  return isEngineError(error) && error.code === 'engine_crashed';
}

function isHang(error: unknown): boolean {
  return isEngineError(error) && error.facts.cause === 'hung';
}
