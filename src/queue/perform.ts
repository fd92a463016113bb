import { type EngineError, isEngineError, type Progress } from '../../engine/index.ts';
import type { Job, JobState } from '../core/job.ts';
import type { JobChanges } from '../core/job-state.ts';
import type { Signal } from '../core/signal.ts';
import { persist } from '../disk-trouble.ts';
import { EaselError } from '../errors.ts';
import { stepsOf } from './cost.ts';
import { createGate } from './gate.ts';
import type { Journal } from './journal.ts';
import { type Entry, type Line, sharersOf } from './line.ts';
import type { ExplainFailure, JobOutcome, JobWorker } from './port.ts';

/** Engine crashes that one job may see before it is blamed for them; it sees the last one alone. */
const MAX_CRASHES = 2;
/** Beginnings that the process did not survive, after which a job runs alone: then none beside it is blamed for it. */
const SUSPECT_ATTEMPTS = 2;

export interface PerformContext {
  readonly worker: JobWorker;
  readonly journal: Journal;
  readonly line: Line;
  readonly explain: ExplainFailure;
  readonly progressed: Signal<[Job, Progress]>;
  readonly held: Signal<[Job, EaselError]>;
  readonly ended: Signal<[JobOutcome]>;
  /** Aborted when the queue closes. */
  readonly closing: AbortSignal;
}

/** Takes one job through the engine, again after a crash, until it is rendered, failed or cancelled. */
export function createPerform(context: PerformContext): (entry: Entry) => Promise<void> {
  const { worker, journal, line, explain, progressed, held, ended, closing } = context;
  const gate = createGate();

  function hold(entry: Entry, trouble: EaselError): void {
    explain(trouble, entry.job);
    for (const job of everyone(entry)) held.emit(job, trouble);
  }

  /** A disk that does not take it now is asked again, so that the job goes on without a restart. */
  function move(entry: Entry, from: JobState, to: JobState, changes?: JobChanges): Promise<Job | undefined> {
    const write = () => journal.move(entry.job.id, from, to, changes);
    return persist(write, { signal: closing, onRefused: (trouble) => hold(entry, trouble) });
  }

  async function finish(entry: Entry, to: 'rendered' | 'failed', changes: JobChanges): Promise<void> {
    const job = await move(entry, 'running', to, changes);
    if (job === undefined) return;
    entry.job = job;
    line.remove(entry);
    ended.emit({ kind: to, job });
  }

  function report(entry: Entry, progress: Progress): void {
    if (entry.stop.signal.aborted || entry.phase !== 'running') return;
    entry.done = progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
    const { interrupted } = entry.job;
    // Those that follow get the same pictures, and wait as long.
    for (const job of everyone(entry))
      progressed.emit(interrupted === undefined ? job : { ...job, interrupted }, progress);
  }

  /** The trouble that ended the attempt; undefined when the pictures stand. */
  async function attempt(entry: Entry): Promise<{ readonly error: unknown } | undefined> {
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
      entry.drawn = { pictures: stored, notes };
      await finish(entry, 'rendered', { pictures: stored, ...(all.length > 0 && { notes: all }) });
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** One time through the engine: the trouble that it met, and undefined when there is nothing left to do. */
  async function goThrough(entry: Entry): Promise<{ readonly error: unknown } | undefined> {
    const begun = await move(entry, 'queued', 'running', { attempts: entry.job.attempts + 1 });
    if (begun === undefined) return undefined;
    entry.job = begun;
    return attempt(entry);
  }

  return async (entry) => {
    const { signal } = entry.stop;
    for (let crashes = 0; ; ) {
      const isSuspect = crashes > 0 || entry.job.attempts >= SUSPECT_ATTEMPTS;
      const leave = await (isSuspect ? gate.alone(signal) : gate.together(signal)).catch(() => undefined);
      if (leave === undefined) return;
      const trouble = await goThrough(entry).finally(leave);
      if (trouble === undefined || closing.aborted || signal.aborted) return;
      if (!isCrash(trouble.error)) return finish(entry, 'failed', { failure: explain(trouble.error, entry.job) });
      crashes += 1;
      if (crashes === MAX_CRASHES) {
        return finish(entry, 'failed', { failure: explain(blame(trouble.error), entry.job) });
      }
      // It keeps its slot: of all that wait, nothing has an earlier tag.
      const interrupted = isHang(trouble.error) ? 'hung' : 'ended';
      entry.job = (await move(entry, 'running', 'queued', { interrupted })) ?? entry.job;
    }
  };
}

/** Who hears of it: the owner unless they cancelled, and those who get the same pictures. */
function everyone(entry: Entry): readonly Job[] {
  return sharersOf(entry).filter((job) => job.state !== 'cancelled');
}

/** What a job is told that the engine, or the whole process, did not survive more than once. */
export function blame(cause?: unknown): EaselError {
  return new EaselError('engine_crashed', sentenceOf(isEngineError(cause) ? cause.facts : {}), { cause });
}

function sentenceOf({ cause, phase }: EngineError['facts']): string {
  if (cause === 'hung') return 'The engine came to a standstill each time it drew this; try a smaller picture.';
  if (phase === 'loading') {
    return 'The engine stopped each time it loaded the model; its files may be damaged, or too large for the memory here.';
  }
  const why = cause === 'memory' ? ', most likely for lack of memory' : '';
  return `The engine stopped each time it drew this${why}; try a smaller picture, or fewer at once.`;
}

function isCrash(error: unknown): boolean {
  return isEngineError(error) && error.code === 'engine_crashed';
}

function isHang(error: unknown): boolean {
  return isEngineError(error) && error.facts.cause === 'hung';
}
