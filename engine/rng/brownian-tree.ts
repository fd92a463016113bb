import { LRUCache } from 'lru-cache';
import { seedSequence } from './seed-sequence.ts';

/** Time is resolved to this many decimals. */
const DECIMALS = 6;
const POOL_SIZE = 24;
/** Increments kept: two descents of the tree. */
const MAX_KEPT = 64;

/** Half of its parent's interval. Its seeds hang on where it is in the tree, never on what was asked before. */
interface Interval {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** Its place among all intervals of its depth, from the left. */
  readonly place: number;
}

/**
 * A Brownian path over [start, end], made where it is looked at: W over an interval is given, its middle is drawn from
 * the Brownian bridge. `torchsde.BrownianTree(t0=start, t1=end, entropy=seed)`, value for value: every node has a
 * generator of its own, seeded by NumPy's seed sequence.
 */
export class BrownianTree {
  readonly #root: Interval;
  readonly #total: Float32Array;
  readonly #seed: number | bigint;
  readonly #randn: (seed: number) => Float32Array;
  readonly #kept = new LRUCache<string, Float32Array>({ max: MAX_KEPT });

  /** @param randn unit noise of a fresh generator with that seed, always of one size */
  constructor(start: number, end: number, seed: number | bigint, randn: (seed: number) => Float32Array) {
    this.#seed = seed;
    this.#randn = randn;
    this.#root = { start: rounded(start), end: rounded(end), depth: 0, place: 0 };
    const [first] = seedSequence({ entropy: seed, poolSize: POOL_SIZE }, 1);
    const deviation = Math.sqrt(end - start);
    this.#total = randn(first ?? 0).map((value) => value * deviation);
  }

  /** W(to) − W(from). Times beyond the ends count as the ends. */
  increment(from: number, to: number): Float32Array {
    const { start, end } = this.#root;
    const held = (time: number) => rounded(Math.min(Math.max(time, start), end));
    const sum = new Float32Array(this.#total.length);
    this.#gather(this.#root, this.#total, held(from), held(to), sum);
    return sum;
  }

  /** Adds up the increments of the largest intervals that make up [from, to]. */
  #gather(interval: Interval, own: Float32Array, from: number, to: number, sum: Float32Array): void {
    const { start, end, depth, place } = interval;
    if (from >= to) return;
    if (from === start && to === end) {
      for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] as number) + (own[i] as number);
      return;
    }
    const middle = rounded((start + end) / 2);
    const left = this.#leftIncrement(interval, middle, own);
    const half = { depth: depth + 1, place: place * 2 };
    this.#gather({ ...half, start, end: middle }, left, from, Math.min(to, middle), sum);
    if (to <= middle) return;
    const right = own.map((value, i) => value - (left[i] as number));
    this.#gather({ ...half, place: half.place + 1, start: middle, end }, right, Math.max(from, middle), to, sum);
  }

  /** The Brownian bridge at the middle of an interval whose increment is known. */
  #leftIncrement({ start, end, depth, place }: Interval, middle: number, own: Float32Array): Float32Array {
    const key = `${depth}:${place}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const [seed] = seedSequence({ entropy: this.#seed, spawnKey: [place, depth], poolSize: POOL_SIZE }, 1);
    const share = (middle - start) / (end - start);
    const deviation = Math.sqrt(share * (end - middle));
    const noise = this.#randn(seed ?? 0);
    const left = own.map((value, i) => share * value + deviation * (noise[i] as number));
    this.#kept.set(key, left);
    return left;
  }
}

/** Python's `round(time, 6)`: correctly rounded, and ties, which only odd multiples of 1/128 can be, to even. */
function rounded(time: number): number {
  const scale = 10 ** DECIMALS;
  if (Math.abs(time * 128) % 2 === 1) return (2 * Math.round((time * scale) / 2)) / scale;
  return Number(time.toFixed(DECIMALS));
}
