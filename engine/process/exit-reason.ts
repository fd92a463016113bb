import type { Phase } from '../engine.ts';
import { EngineError } from '../errors.ts';

/** A child ends with it when its GPU failed: only another process can use it again. */
export const DEVICE_LOST_EXIT = 75;

/** How a child ended. */
export interface ExitReason {
  /** For a person, within a sentence. */
  readonly why: string;
  readonly cause: 'memory' | 'hung' | 'ended';
}

/**
 * Nobody but the operating system kills a child that its host has not killed: it does when memory runs out.
 * @param stall why the host has killed it, if it has
 */
export function explainExit(code: number | null, signal: NodeJS.Signals | null, stall: string | undefined): ExitReason {
  if (stall !== undefined) return { why: stall, cause: 'hung' };
  if (code === DEVICE_LOST_EXIT) return { why: 'its GPU failed', cause: 'ended' };
  if (signal === 'SIGKILL') return { why: 'the system killed it, probably because memory ran out', cause: 'memory' };
  return { why: signal ?? `exit code ${code}`, cause: 'ended' };
}

/** @param phase of the task when it happened */
export function crashedError({ why, cause }: ExitReason, phase: Phase): EngineError {
  return new EngineError('engine_crashed', `The engine process ended during the work (${why}).`, {
    why,
    cause,
    phase,
  });
}

/** The engine's process ended before it took a task. */
export function cannotStartError({ why }: ExitReason): EngineError {
  return new EngineError('engine_unavailable', `The engine cannot start (${why}); the log has the details.`, { why });
}
