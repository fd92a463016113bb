import { Mt19937 } from './mt19937.ts';

/** Fewer values than this go one by one through torch's double-precision path. */
const VECTOR_MINIMUM = 16;
const HALF_BLOCK = VECTOR_MINIMUM / 2;

/**
 * `torch.Generator("cpu").manual_seed(seed)`: `randn` gives torch's values, draw after draw.
 * Source: ATen/native/cpu/DistributionTemplates.h (`normal_fill`) and ATen/core/DistributionsHelper.h.
 */
export class TorchGenerator {
  readonly #twister: Mt19937;
  /** The scalar path makes normals in pairs and keeps the second for the next draw. */
  #spare: number | undefined;

  /** @param seed torch uses its low 32 bits. */
  constructor(seed: number | bigint) {
    this.#twister = new Mt19937(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** `torch.randn(n, generator=self)`, float32. */
  randn(n: number): Float32Array {
    return n < VECTOR_MINIMUM ? Float32Array.from({ length: n }, () => this.#scalarNormal()) : this.#fill(n);
  }

  #fill(n: number): Float32Array {
    const values = new Float32Array(n);
    for (let i = 0; i < n; i += 1) values[i] = this.#uniform24();
    for (let i = 0; i + VECTOR_MINIMUM <= n; i += VECTOR_MINIMUM) boxMuller(values, i);
    if (n % VECTOR_MINIMUM !== 0) {
      // torch draws the last block afresh, over values it has made already.
      const start = n - VECTOR_MINIMUM;
      for (let i = start; i < n; i += 1) values[i] = this.#uniform24();
      boxMuller(values, start);
    }
    return values;
  }

  /** Uniform in [0, 1) with 24 bits. */
  #uniform24(): number {
    return (this.#twister.uint32() & 0xffffff) * 2 ** -24;
  }

  /** Uniform in [0, 1) with 53 bits, the high word drawn first. */
  #uniform53(): number {
    const high = this.#twister.uint32();
    const low = this.#twister.uint32();
    return ((high & 0x1fffff) * 2 ** 32 + low) * 2 ** -53;
  }

  #scalarNormal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const u1 = this.#uniform53();
    const u2 = this.#uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-u2));
    const angle = 2 * Math.PI * u1;
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** Box & Muller 1958, on eight pairs in place: value j goes with value j + 8. */
function boxMuller(values: Float32Array, start: number): void {
  for (let j = start; j < start + HALF_BLOCK; j += 1) {
    const radius = Math.sqrt(-2 * Math.log(Math.fround(1 - (values[j] as number))));
    const angle = 2 * Math.PI * (values[j + HALF_BLOCK] as number);
    values[j] = radius * Math.cos(angle);
    values[j + HALF_BLOCK] = radius * Math.sin(angle);
  }
}
