/** Mersenne Twister (Matsumoto & Nishimura 1998), seeded as torch's CPU generator is: state[0] = seed mod 2³². */
export class Mt19937 {
  static readonly #N = 624;
  static readonly #M = 397;
  readonly #state = new Uint32Array(Mt19937.#N);
  #next = Mt19937.#N;

  constructor(seed: number) {
    this.#state[0] = seed >>> 0;
    for (let i = 1; i < Mt19937.#N; i += 1) {
      const previous = this.#state[i - 1] as number;
      this.#state[i] = Math.imul(1_812_433_253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** A uniform unsigned 32-bit integer. */
  uint32(): number {
    if (this.#next === Mt19937.#N) this.#twist();
    let y = this.#state[this.#next] as number;
    this.#next += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #twist(): void {
    const s = this.#state;
    for (let i = 0; i < Mt19937.#N; i += 1) {
      const y = ((s[i] as number) & 0x80000000) | ((s[(i + 1) % Mt19937.#N] as number) & 0x7fffffff);
      s[i] = (s[(i + Mt19937.#M) % Mt19937.#N] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
