import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { clip } from './prediction.ts';
import { combine } from './scheduler.ts';
import { type Spacing, sigmaPath } from './sigma-path.ts';
import { doubleCalls, eulerStep, SigmaScheduler } from './sigma-space.ts';

/**
 * Heun's method in σ: Karras et al. 2022, algorithm 1. An Euler step, then the same step again by the mean of the
 * slopes at its two ends; the last step, to σ = 0, is Euler's alone. diffusers `HeunDiscreteScheduler`.
 */
export class HeunScheduler extends SigmaScheduler {
  #begun: { readonly sample: Float32Array; readonly slope: Float32Array } | undefined;

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const path = sigmaPath(noiseSchedule(config), config, steps, spacing);
    const atTheEnd = (step: number, _from: number, to: number) => ({
      timestep: path.timesteps[step + 1] ?? 0,
      sigma: to,
    });
    super(config, path.sigmas, doubleCalls(path, atTheEnd));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const [from, to] = this.stepSigmas(i);
    const original = this.estimate(prediction, i, sample);
    const slope = combine([1 / this.sigmaOf(i), -1 / this.sigmaOf(i)], [sample, original]);
    if (this.#begun === undefined || this.beginsStep(i)) {
      this.#begun = { sample, slope };
      return eulerStep(sample, original, from, to);
    }
    const half = (to - from) / 2;
    return combine([1, half, half], [this.#begun.sample, this.#begun.slope, slope]);
  }

  override estimate(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const original = super.estimate(prediction, i, sample);
    return (this.config.clip_sample ?? false) ? clip(original, this.config.clip_sample_range) : original;
  }
}
