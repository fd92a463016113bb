import type { SchedulerConfig } from '../model/configs.ts';
import { type NoiseSchedule, noiseSchedule } from './noise-schedule.ts';
import { combine, type PredictionType, type Scheduler } from './scheduler.ts';
import { roundHalfEven, spacedTimesteps } from './timesteps.ts';

/** DDIM with η = 0: Song et al. 2020, equation 12. diffusers `DDIMScheduler`. */
export class DdimScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #schedule: NoiseSchedule;
  readonly #prediction: PredictionType;
  readonly #stride: number;
  readonly #finalAlpha: number;

  constructor(config: SchedulerConfig, steps: number) {
    this.#schedule = noiseSchedule(config);
    this.#prediction = config.prediction_type;
    this.#stride = Math.floor(config.num_train_timesteps / steps);
    this.#finalAlpha = (config.set_alpha_to_one ?? true) ? 1 : (this.#schedule.alphasCumprod[0] ?? 1);
    const spacing = config.timestep_spacing ?? 'leading';
    this.timesteps = spacedTimesteps(spacing, steps, config.num_train_timesteps, config.steps_offset).map(
      roundHalfEven,
    );
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const t = this.timesteps[i] ?? 0;
    const alpha = this.#alphaAt(t);
    const previousAlpha = this.#alphaAt(t - this.#stride);
    const [a, b] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
    const [pa, pb] = [Math.sqrt(previousAlpha), Math.sqrt(1 - previousAlpha)];
    // √ᾱ' · x₀ + √(1 − ᾱ') · ε, with x₀ and ε written out in the prediction and the sample.
    const weights = this.#prediction === 'epsilon' ? [pb - (pa * b) / a, pa / a] : [pb * a - pa * b, pa * a + pb * b];
    return combine(weights, [prediction, sample]);
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    const alpha = this.#alphaAt(this.timesteps[i] ?? 0);
    return combine([Math.sqrt(alpha), Math.sqrt(1 - alpha)], [latents, noise]);
  }

  #alphaAt(t: number): number {
    return t >= 0 ? (this.#schedule.alphasCumprod[t] ?? this.#finalAlpha) : this.#finalAlpha;
  }
}
