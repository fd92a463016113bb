/** Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": Philox4x32 with ten rounds. */
const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;

/** torch's factor on the CUDA side, as float32: 2⁻³². */
const UNIT = Math.fround(2.3283064e-10);
const TURN = Math.fround(2.3283064e-10 * 6.2831855);

/**
 * `torch.Generator("cuda").manual_seed(seed)`: the noise that AUTOMATIC1111 draws, on any machine (its modules/rng_philox.py).
 * Each draw is its own stretch of the stream, numbered from 0.
 */
export class PhiloxGenerator {
  /** Low and high word. */
  readonly #key: readonly [number, number];
  #draws = 0;

  /** @param seed an unsigned 64-bit integer */
  constructor(seed: number | bigint) {
    const bits = BigInt(seed);
    this.#key = [Number(BigInt.asUintN(32, bits)), Number(BigInt.asUintN(32, bits >> 32n))];
  }

  /** `torch.randn(n, device="cuda", generator=self)`, float32. */
  randn(n: number): Float32Array {
    const draw = this.#draws;
    this.#draws += 1;
    return Float32Array.from({ length: n }, (_, i) => {
      const [x, y] = philox4x32(draw, i, this.#key);
      return normal(x, y);
    });
  }
}

/** The first of the two normals that Box & Muller make of two 32-bit integers. */
function normal(x: number, y: number): number {
  const u = x * UNIT + UNIT / 2;
  const angle = y * TURN + TURN / 2;
  return Math.sqrt(-2 * Math.log(u)) * Math.sin(angle);
}

/** The first two words of the block with counter (draw, 0, index, 0) and this key. */
function philox4x32(draw: number, index: number, key: readonly [number, number]): readonly [number, number] {
  let [c0, c1, c2, c3] = [draw, 0, index, 0];
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [high0, low0] = multiply(c0, MULTIPLIERS[0]);
    const [high1, low1] = multiply(c2, MULTIPLIERS[1]);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [c0, c1];
}

/** The 64-bit product of two unsigned 32-bit integers. */
function multiply(a: number, b: number): readonly [high: number, low: number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carried = aLow * bHigh + (middle % 0x10000);
  const high = aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}
