/**
 * A seed: a whole number from 0 to 2⁶⁴ − 1. Up to 2⁵³ − 1 it is a number; beyond, where JSON and JavaScript's numbers
 * round, it is its decimal digits as text. Every seed has one writing only, so that `===` compares two of them, and a
 * request is stored, sent and compared exactly.
 */
export type Seed = number | string;

const MODULUS = 1n << 64n;
const DIGITS = /^\d{1,20}$/;

/** The largest seed: 2⁶⁴ − 1. */
export const MAX_SEED: Seed = String(MODULUS - 1n);

/** The seed with these 64 bits; what is larger or negative wraps around. */
function seedOf(value: bigint): Seed {
  const wrapped = BigInt.asUintN(64, value);
  return wrapped <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wrapped) : String(wrapped);
}

/** Reads a number, or decimal digits; undefined for whatever is no seed, and for a number that may be rounded already. */
export function parseSeed(value: unknown): Seed | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value + 0 : undefined;
  if (typeof value !== 'string' || !DIGITS.test(value)) return undefined;
  const bits = BigInt(value);
  return bits < MODULUS ? seedOf(bits) : undefined;
}

/** Whether it is a seed in its one writing. */
export function isSeed(value: unknown): value is Seed {
  return parseSeed(value) === value;
}

/** All 64 bits. */
export function seedBits(seed: Seed): bigint {
  return BigInt(seed);
}

/** The seed `distance` after this one; after the last comes 0. */
export function seedAfter(seed: Seed, distance: number): Seed {
  return seedOf(seedBits(seed) + BigInt(distance));
}
