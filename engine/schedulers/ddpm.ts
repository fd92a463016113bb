import { AlphaScheduler, wholeTimesteps } from './alpha-space.ts';
import type { SchedulerConfig } from './config.ts';
import { combine, type NoiseSource } from './scheduler.ts';

/** diffusers keeps the variance above zero, since it takes logarithms of it. */
const LEAST_VARIANCE = 1e-20;

/**
 * Ancestral sampling from the posterior q(x′ | x, x₀): Ho et al. 2020, equations 6 and 7. diffusers `DDPMScheduler`;
 * its noise is the picture's own stream.
 */
export class DdpmScheduler extends AlphaScheduler {
  readonly timesteps: readonly number[];

  constructor(config: SchedulerConfig, steps: number) {
    super({ ...config, set_alpha_to_one: true }, { zeroSnr: 'exact', clips: true, endsClean: true });
    this.timesteps = wholeTimesteps(config, steps);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const t = this.timesteps[i] ?? 0;
    const alphaBar = this.alphaAt(t);
    const nextAlphaBar = this.alphaAt(this.timesteps[i + 1] ?? -1);
    const alpha = alphaBar / nextAlphaBar;
    const beta = 1 - alpha;

    const original = this.estimate(prediction, i, sample);
    const towardsOriginal = (Math.sqrt(nextAlphaBar) * beta) / (1 - alphaBar);
    const keep = (Math.sqrt(alpha) * (1 - nextAlphaBar)) / (1 - alphaBar);
    const mean = combine([towardsOriginal, keep], [original, sample]);
    if (t === 0) return mean;
    return combine([1, this.#deviation(beta, ((1 - nextAlphaBar) / (1 - alphaBar)) * beta)], [mean, noise.draw()]);
  }

  /** Of the noise: by the posterior's variance, or by its upper bound β. */
  #deviation(beta: number, posterior: number): number {
    switch (this.config.variance_type ?? 'fixed_small') {
      case 'fixed_small':
      case 'fixed_small_log':
        return Math.sqrt(Math.max(posterior, LEAST_VARIANCE));
      case 'fixed_large':
        return Math.sqrt(beta);
    }
  }
}
