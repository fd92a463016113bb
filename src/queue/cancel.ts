import type { QueueEntry } from './queue-entry.ts';

/**
 * What becomes of an entry once one of those who share it has cancelled:
 * - `keep`: its own job is still wanted.
 * - `draw_for_followers`: the owner of what is drawn does not want it any more; those who follow do.
 * - `stop`: nobody wants what is drawn. It holds its slot until the engine has let go of it, within a step.
 * - `withdraw`: it waits. Those who follow it take their own places.
 */
export type CancelDecision = 'keep' | 'draw_for_followers' | 'stop' | 'withdraw';

/** @param entry whose cancelled job has that state already, on disk and in memory */
export function decideCancel({ job, phase, followers }: QueueEntry): CancelDecision {
  if (job.state !== 'cancelled') return 'keep';
  if (phase === 'waiting') return 'withdraw';
  return phase === 'running' && followers.length > 0 ? 'draw_for_followers' : 'stop';
}
