/** O'Neill 2015, "Simple portable C++ seed entropy", with the constants of `numpy.random.SeedSequence`. */
const INIT_A = 0x43b0d7e5;
const MULTIPLY_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULTIPLY_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;
const SHIFT = 16;

export interface SeedSequenceOptions {
  /** A whole number of any size. */
  readonly entropy: number | bigint;
  /** Which of the sequences spawned from the entropy; absent for itself. */
  readonly spawnKey?: readonly number[];
  /** 32-bit words. */
  readonly poolSize: number;
}

/** `numpy.random.SeedSequence(entropy, spawn_key=…, pool_size=…).generate_state(count)`: 32-bit words. */
export function seedSequence({ entropy, spawnKey = [], poolSize }: SeedSequenceOptions, count: number): number[] {
  const pool = mixedPool(assembled(entropy, spawnKey, poolSize), poolSize);
  let constant = INIT_B;
  return Array.from({ length: count }, (_, i) => {
    let word = (pool[i % poolSize] ?? 0) ^ constant;
    constant = Math.imul(constant, MULTIPLY_B);
    word = Math.imul(word, constant);
    return (word ^ (word >>> SHIFT)) >>> 0;
  });
}

/** A spawn key comes after the whole pool, so that it never meets the entropy's own words. */
function assembled(entropy: number | bigint, spawnKey: readonly number[], poolSize: number): number[] {
  const own = wordsOf(entropy);
  if (spawnKey.length === 0) return own;
  while (own.length < poolSize) own.push(0);
  return [...own, ...spawnKey.flatMap(wordsOf)];
}

function wordsOf(value: number | bigint): number[] {
  const words: number[] = [];
  for (let rest = BigInt(value); words.length === 0 || rest > 0n; rest >>= 32n)
    words.push(Number(BigInt.asUintN(32, rest)));
  return words;
}

function mixedPool(entropy: readonly number[], size: number): number[] {
  let constant = INIT_A;
  const hash = (value: number): number => {
    let word = value ^ constant;
    constant = Math.imul(constant, MULTIPLY_A);
    word = Math.imul(word, constant);
    return word ^ (word >>> SHIFT);
  };
  const pool = Array.from({ length: size }, (_, i) => hash(entropy[i] ?? 0));
  const stir = (word: () => number, into: number) => {
    pool[into] = mix(pool[into] ?? 0, hash(word()));
  };
  for (let from = 0; from < size; from += 1) {
    for (let into = 0; into < size; into += 1) if (from !== into) stir(() => pool[from] ?? 0, into);
  }
  for (const word of entropy.slice(size)) {
    for (let into = 0; into < size; into += 1) stir(() => word, into);
  }
  return pool;
}

function mix(x: number, y: number): number {
  const word = (Math.imul(MIX_LEFT, x) - Math.imul(MIX_RIGHT, y)) | 0;
  return word ^ (word >>> SHIFT);
}
