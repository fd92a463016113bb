import type { SchedulerConfig } from '../model/configs.ts';
import { type NoiseSchedule, noiseSchedule } from './noise-schedule.ts';
import { combine, type PredictionType, type Scheduler } from './scheduler.ts';
import { roundHalfEven, spacedTimesteps } from './timesteps.ts';

/**
 * Pseudo linear multistep (PLMS): Liu et al. 2022, as in diffusers `PNDMScheduler` with `skip_prk_steps`.
 * The second timestep is visited twice: the first visit only corrects the first step.
 */
export class PndmScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #schedule: NoiseSchedule;
  readonly #prediction: PredictionType;
  readonly #stride: number;
  readonly #finalAlpha: number;
  /** Up to four predictions, the newest last. */
  #history: Float32Array[] = [];
  #calls = 0;
  #beforeCorrection: Float32Array | undefined;

  /** @param start first step to run, of `steps`; the way from there begins like a whole one. */
  constructor(config: SchedulerConfig, steps: number, start = 0) {
    this.#schedule = noiseSchedule(config);
    this.#prediction = config.prediction_type;
    this.#stride = Math.floor(config.num_train_timesteps / steps);
    this.#finalAlpha = (config.set_alpha_to_one ?? false) ? 1 : (this.#schedule.alphasCumprod[0] ?? 1);
    const spacing = config.timestep_spacing ?? 'leading';
    const once = spacedTimesteps(spacing, steps, config.num_train_timesteps, config.steps_offset)
      .map(roundHalfEven)
      .slice(start);
    this.timesteps = once.length > 1 ? [...once.slice(0, 2), ...once.slice(1)] : once;
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
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
    return this.#transfer(from, blended, this.#alphaAt(t), this.#alphaAt(previous));
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    const alpha = this.#alphaAt(this.timesteps[i] ?? 0);
    return combine([Math.sqrt(alpha), Math.sqrt(1 - alpha)], [latents, noise]);
  }

  /** Equation 9 of the paper. */
  #transfer(sample: Float32Array, prediction: Float32Array, alpha: number, previousAlpha: number): Float32Array {
    const beta = 1 - alpha;
    const denominator = alpha * Math.sqrt(1 - previousAlpha) + Math.sqrt(alpha * beta * previousAlpha);
    const sampleWeight = Math.sqrt(previousAlpha / alpha);
    const noiseWeight = -(previousAlpha - alpha) / denominator;
    const weights =
      this.#prediction === 'epsilon'
        ? [sampleWeight, noiseWeight]
        : [sampleWeight + noiseWeight * Math.sqrt(beta), noiseWeight * Math.sqrt(alpha)];
    return combine(weights, [sample, prediction]);
  }

  #alphaAt(t: number): number {
    return t >= 0 ? (this.#schedule.alphasCumprod[t] ?? this.#finalAlpha) : this.#finalAlpha;
  }
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
