import { type EngineError, isEngineError } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { JobChanges } from '../core/job-state.ts';
import { WorkerLostError } from './port.ts';

/** Engine crashes that one job may see before it is blamed for them; it sees the last one alone. */
const MAX_CRASHES = 2;
/** Losses of the worker, so that a job that takes the whole process down each time does not do so for ever. */
const MAX_LOSSES = 5;
/** Losses after which a job runs alone: then none beside it is blamed for it. */
const SUSPECT_LOSSES = 2;

/** Beginnings that ended with the worker, or the whole process. @param job that is in no engine */
export function lossesOf({ attempts, crashes = 0 }: Pick<Job, 'attempts' | 'crashes'>): number {
  return attempts - crashes;
}

/** @param job about to begin */
export function mustRunAlone(job: Pick<Job, 'attempts' | 'crashes'>): boolean {
  return (job.crashes ?? 0) > 0 || lossesOf(job) >= SUSPECT_LOSSES;
}

/** @param job in no engine */
export function isLostTooOften(job: Pick<Job, 'attempts' | 'crashes'>): boolean {
  return lossesOf(job) >= MAX_LOSSES;
}

/**
 * What becomes of a job when an attempt met trouble:
 * - `fail`: it is told the error.
 * - `retry`: the engine died under it. It keeps its slot: of all that wait, nothing has an earlier tag.
 * - `requeue`: its worker is lost, and the slot with it. It waits again, before all others.
 */
export type TroubleDecision =
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'retry' | 'requeue'; readonly changes: JobChanges };

/** @param job as it began the attempt */
export function decideAfterTrouble(error: unknown, job: Pick<Job, 'attempts' | 'crashes'>): TroubleDecision {
  if (error instanceof WorkerLostError) {
    if (isLostTooOften(job)) return { kind: 'fail', error: lostError(error) };
    return { kind: 'requeue', changes: { interrupted: 'lost' } };
  }
  if (!isEngineError(error) || error.code !== 'engine_crashed') return { kind: 'fail', error };
  const crashes = (job.crashes ?? 0) + 1;
  if (crashes >= MAX_CRASHES) return { kind: 'fail', error: crashError(error) };
  return { kind: 'retry', changes: { crashes, interrupted: error.facts.cause === 'hung' ? 'hung' : 'ended' } };
}

/** The error of a job that no worker survived. */
export function lostError(cause?: unknown): EaselError {
  const sentence = 'Easel stopped each time it drew this; try a smaller picture, or fewer at once.';
  return new EaselError('worker_lost', sentence, { cause });
}

/** The error of a job that crashed the engine more than once. */
function crashError(cause: EngineError): EaselError {
  return new EaselError('engine_crashed', sentenceOf(cause.facts), { cause });
}

function sentenceOf({ cause, phase }: EngineError['facts']): string {
  if (cause === 'hung') return 'The engine stopped responding each time it drew this; try a smaller picture.';
  if (phase === 'loading') {
    return 'The engine crashed each time it loaded the model; the model files may be damaged, or too large for the available memory.';
  }
  const why = cause === 'memory' ? ', probably because memory ran out' : '';
  return `The engine crashed each time it drew this${why}; try a smaller picture, or fewer at once.`;
}
