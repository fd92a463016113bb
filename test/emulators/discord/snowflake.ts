import type { Clock } from './clock.ts';

/** 2015-01-01T00:00:00Z, when Discord's ids begin to count. */
const EPOCH_MS = 1_420_070_400_000;
const TIME_SHIFT = 22n;
const SEQUENCE_MASK = 0xfffn;

/** Ids as Discord makes them: milliseconds in the upper bits, so that they sort by age. */
export function createSnowflakes(clock: Clock): () => string {
  let sequence = 0n;
  return () => {
    sequence += 1n;
    return ((BigInt(clock.now() - EPOCH_MS) << TIME_SHIFT) | (sequence & SEQUENCE_MASK)).toString();
  };
}
