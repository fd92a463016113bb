import { type EngineError, isEngineError } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { JobChanges } from '../core/job-state.ts';
import type { JobWorker, JobWorkOptions } from './port.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Engine crashes that one job may see before it is blamed for them; it sees the last one alone. */
const MAX_CRASHES = 2;
/** Beginnings that the process did not survive, after which a job runs alone: then none beside it is blamed for it. */
const SUSPECT_ATTEMPTS = 2;

/** @param crashes of the engine that it saw since its turn came */
export function mustRunAlone({ attempts }: Job, crashes: number): boolean {
  return crashes > 0 || attempts >= SUSPECT_ATTEMPTS;
}

/**
 * What becomes of a job when an attempt met trouble:
 * - `fail`: it is told the error.
 * - `retry`: the engine died under it. It keeps its slot: of all that wait, nothing has an earlier tag.
 */
export type TroubleDecision =
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'retry'; readonly changes: Required<Pick<JobChanges, 'interrupted'>> };

/** @param crashes that the job saw before this trouble */
export function decideAfterTrouble(error: unknown, crashes: number): TroubleDecision {
  if (!isCrash(error)) return { kind: 'fail', error };
  if (crashes + 1 >= MAX_CRASHES) return { kind: 'fail', error: crashError(error) };
  return { kind: 'retry', changes: { interrupted: isHang(error) ? 'hung' : 'ended' } };
}

/**
 * One time through the engine; notes in the entry what was made.
 * @returns what the job's record says from now on
 * @throws what the worker throws
 */
export async function drawEntry(
  entry: QueueEntry,
  worker: JobWorker,
  listeners: Omit<JobWorkOptions, 'signal' | 'device'>,
): Promise<JobChanges> {
  const { pictures, notes, timings } = await worker(entry.job, {
    ...{ signal: entry.stop.signal, device: entry.device },
    ...listeners,
  });
  entry.loadMs = timings.loadMs;
  const stored = pictures.map(({ recipe, width, height }) => ({ recipe, width, height }));
  entry.result = { pictures: stored, notes };
  const all = [...(entry.job.notes ?? []), ...notes];
  return { pictures: stored, ...(all.length > 0 && { notes: all }) };
}

/** Whether the device cannot draw for now, whatever the job: another may. */
export function isDeviceFailure(error: unknown): boolean {
  return isEngineError(error) && (error.code === 'engine_unavailable' || error.code === 'provider_failed');
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
