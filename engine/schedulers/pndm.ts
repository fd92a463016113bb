import type { SchedulerConfig } from '../model/configs.ts';
import { AlphaScheduler, wholeTimesteps } from './alpha-space.ts';
import { noiseOf } from './prediction.ts';
import { combine } from './scheduler.ts';

/**
 * Pseudo linear multistep (PLMS): Liu et al. 2022, as in diffusers `PNDMScheduler` with `skip_prk_steps`.
 * The second timestep is visited twice: the first visit only corrects the first step. A config that asks for the
 * Runge–Kutta steps before it gets PLMS all the same, which is what AUTOMATIC1111 calls by that name.
 */
export class PndmScheduler extends AlphaScheduler {
  readonly timesteps: readonly number[];
  readonly #stride: number;
  /** Up to four predictions, the newest last. */
  #history: Float32Array[] = [];
  #calls = 0;
  #beforeCorrection: Float32Array | undefined;

  constructor(config: SchedulerConfig, steps: number) {
    super(config, { zeroSnr: 'unknown', clips: undefined, endsClean: false });
    this.#stride = Math.floor(config.num_train_timesteps / steps);
    const once = wholeTimesteps(config, steps);
    this.timesteps = once.length > 1 ? [...once.slice(0, 2), ...once.slice(1)] : once;
  }

  override get stepOf(): readonly number[] {
    return this.timesteps.map((_, i) => Math.max(i - 1, 0));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    let t = this.timesteps[i] ?? 0;
    let previous = t - this.#stride;
    let from = sample;
    let blended: Float32Array;
    if (this.#calls === 1) {
      previous = t;
      t += this.#stride;
      from = this.#beforeCorrection ?? sample;
      blended = combine([1 / 2, 1 / 2], [prediction, this.#history[0] ?? prediction]);
    } else {
      if (this.#calls === 0) this.#beforeCorrection = sample;
      this.#history = [...this.#history.slice(-3), prediction];
      blended = adamsBashforth(this.#history);
    }
    this.#calls += 1;
    const noise = noiseOf(this.config, blended, from, this.levelAt(t));
    return transfer(from, noise, this.alphaAt(t), this.alphaAt(previous));
  }
}

/** Equation 9 of the paper. */
function transfer(sample: Float32Array, noise: Float32Array, alpha: number, previousAlpha: number): Float32Array {
  const denominator = alpha * Math.sqrt(1 - previousAlpha) + Math.sqrt(alpha * (1 - alpha) * previousAlpha);
  return combine([Math.sqrt(previousAlpha / alpha), -(previousAlpha - alpha) / denominator], [sample, noise]);
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
