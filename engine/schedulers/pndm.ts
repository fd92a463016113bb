import { AlphaScheduler, wholeTimesteps } from './alpha-space.ts';
import type { SchedulerConfig } from './config.ts';
import { noiseOf } from './prediction.ts';
import { combine } from './scheduler.ts';

/** Steps that the Runge–Kutta method takes before the multistep one has the four predictions it needs. */
const RUNGE_KUTTA_STEPS = 3;
/** Calls of one such step, and what each counts: Runge and Kutta's classical method. */
const RUNGE_KUTTA_WEIGHTS: readonly number[] = [1 / 6, 1 / 3, 1 / 3, 1 / 6];
const CALLS = RUNGE_KUTTA_WEIGHTS.length;

/**
 * Pseudo numerical methods: Liu et al. 2022. diffusers `PNDMScheduler`. With `skip_prk_steps` it is pseudo linear multistep
 * (PLMS): the second timestep is visited twice, and the first visit only corrects the first step. Without, the first three
 * steps are Runge–Kutta's of four calls each; of a way of fewer than four steps there is no such form, and it is PLMS.
 */
export class PndmScheduler extends AlphaScheduler {
  readonly timesteps: readonly number[];
  readonly #stride: number;
  /** Calls that belong to Runge–Kutta steps. */
  readonly #leading: number;
  /** Up to four predictions, the newest last. */
  #history: Float32Array[] = [];
  #calls = 0;
  /** What the step in progress began with, where it takes several calls. */
  #begun: Float32Array | undefined;
  #stages: readonly Float32Array[] = [];

  constructor(config: SchedulerConfig, steps: number) {
    super(config, { zeroSnr: 'unknown', clips: undefined, endsClean: false });
    this.#stride = Math.floor(config.num_train_timesteps / steps);
    const once = wholeTimesteps(config, steps);
    const isWhole = beginsWithRungeKutta(config) && steps > RUNGE_KUTTA_STEPS;
    this.#leading = isWhole ? RUNGE_KUTTA_STEPS * CALLS : 0;
    if (isWhole) this.timesteps = [...rungeKuttaTimesteps(once, this.#half), ...once.slice(RUNGE_KUTTA_STEPS)];
    else this.timesteps = once.length > 1 ? [...once.slice(0, 2), ...once.slice(1)] : once;
  }

  override get stepOf(): readonly number[] {
    if (this.#leading === 0) return this.timesteps.map((_, i) => Math.max(i - 1, 0));
    return this.timesteps.map((_, i) =>
      i < this.#leading ? Math.floor(i / CALLS) : i - this.#leading + RUNGE_KUTTA_STEPS,
    );
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    return i < this.#leading ? this.#rungeKutta(prediction, i, sample) : this.#multistep(prediction, i, sample);
  }

  get #half(): number {
    return Math.floor(this.#stride / 2);
  }

  /** From where the step began, half of the way by the first two slopes, all of it by the third, then by their mean. */
  #rungeKutta(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const stage = i % CALLS;
    if (stage === 0) {
      this.#begun = sample;
      this.#stages = [];
      this.#history = [...this.#history.slice(-3), prediction];
    }
    this.#stages = [...this.#stages, prediction];
    const t = this.timesteps[i - stage] ?? 0;
    const now = this.timesteps[i] ?? 0;
    const slope = stage === CALLS - 1 ? combine(RUNGE_KUTTA_WEIGHTS, this.#stages) : prediction;
    this.#calls += 1;
    return this.#move(slope, this.#begun ?? sample, t, stage % 2 === 0 ? now - this.#half : now);
  }

  #multistep(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    let t = this.timesteps[i] ?? 0;
    let previous = t - this.#stride;
    let from = sample;
    let blended: Float32Array;
    if (this.#calls === 1) {
      previous = t;
      t += this.#stride;
      from = this.#begun ?? sample;
      blended = combine([1 / 2, 1 / 2], [prediction, this.#history[0] ?? prediction]);
    } else {
      if (this.#calls === 0) this.#begun = sample;
      this.#history = [...this.#history.slice(-3), prediction];
      blended = adamsBashforth(this.#history);
    }
    this.#calls += 1;
    return this.#move(blended, from, t, previous);
  }

  /** Equation 9 of the paper, from t to the timestep `previous`. */
  #move(prediction: Float32Array, sample: Float32Array, t: number, previous: number): Float32Array {
    const noise = noiseOf(this.config, prediction, sample, this.levelAt(t));
    const [alpha, next] = [this.alphaAt(t), this.alphaAt(previous)];
    const denominator = alpha * Math.sqrt(1 - next) + Math.sqrt(alpha * (1 - alpha) * next);
    return combine([Math.sqrt(next / alpha), -(next - alpha) / denominator], [sample, noise]);
  }
}

/** The class's own default is to begin so; a config of another class means PLMS by this name, as AUTOMATIC1111 does. */
function beginsWithRungeKutta({ _class_name: name, skip_prk_steps: skips }: SchedulerConfig): boolean {
  return skips === false || (name === 'PNDMScheduler' && skips !== true);
}

/** Of each of the first three steps: its begin, the middle before the next one twice, and the next one. */
function rungeKuttaTimesteps(once: readonly number[], half: number): number[] {
  return Array.from({ length: RUNGE_KUTTA_STEPS }, (_, step) => {
    const [begin = 0, next = 0] = once.slice(step);
    return [begin, next + half, next + half, next];
  }).flat();
}

/** The linear multistep formulas of order 1 to 4. */
function adamsBashforth(history: readonly Float32Array[]): Float32Array {
  const newestFirst = [...history].reverse();
  const weights: readonly (readonly number[])[] = [
    [1],
    [3 / 2, -1 / 2],
    [23 / 12, -16 / 12, 5 / 12],
    [55 / 24, -59 / 24, 37 / 24, -9 / 24],
  ];
  return combine(weights[newestFirst.length - 1] ?? [1], newestFirst);
}
