import { setTimeout as sleep } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';

const DRAIN_MINUTES = 20;

/**
 * Waits until nobody's message says any more that it is waited for, and none has come for a while: what a platform's
 * rate limits hold up has no message yet.
 * @param quietMs how long none may have come
 * @returns false when that did not happen within `DRAIN_MINUTES`
 */
export async function drain(crowds: readonly Crowd[], quietMs: number): Promise<boolean> {
  const until = performance.now() + DRAIN_MINUTES * 60_000;
  let [count, quietSince] = [0, performance.now()];
  while (performance.now() < until) {
    const seen = (await Promise.all(crowds.map((crowd) => crowd.look()))).flat();
    const pending = seen.filter(({ text }) => /\((waiting|starting|held|\d+%)/.test(text));
    if (pending.length > 0 || seen.length !== count) {
      [count, quietSince] = [seen.length, performance.now()];
      process.stderr.write(`${count} messages, ${pending.length} of them still to be drawn\n`);
    }
    if (performance.now() - quietSince >= quietMs) return true;
    await sleep(Math.min(5000, quietMs / 2));
  }
  return false;
}

/** @param sorted ascending @returns NaN of nothing */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
