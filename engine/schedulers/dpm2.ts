import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine, type NoiseSource } from './scheduler.ts';
import { type Spacing, sigmaPath, timestepsOf } from './sigma-path.ts';
import { ancestralStep, doubleCalls, eulerStep, geometricMean, SigmaScheduler } from './sigma-space.ts';
import { roundHalfEven } from './timesteps.ts';

/**
 * DPM-Solver-2 in σ: half an Euler step to the middle in log σ, then the whole step by the slope found there
 * (Lu et al. 2022, algorithm 1). diffusers `KDPM2DiscreteScheduler`; k-diffusion `sample_dpm_2`.
 */
export class Dpm2Scheduler extends SigmaScheduler {
  #begun: Float32Array | undefined;

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const { path, timestepOf } = dpm2Path(config, steps, spacing);
    const calls = doubleCalls(path, (_, from, to) => {
      const sigma = Math.fround(geometricMean(from, to));
      return { timestep: timestepOf(sigma), sigma };
    });
    super(config, path.sigmas, calls);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const [from, to] = this.stepSigmas(i);
    const original = this.estimate(prediction, i, sample);
    if (this.#begun === undefined || this.beginsStep(i)) {
      this.#begun = sample;
      return eulerStep(sample, original, from, to === 0 ? 0 : this.sigmaOf(i + 1));
    }
    return moveBySlopeAt(this.sigmaOf(i), sample, original, this.#begun, to - from);
  }
}

/**
 * The same below the target noise level, with fresh noise of the picture's stream after it.
 * diffusers `KDPM2AncestralDiscreteScheduler`; k-diffusion `sample_dpm_2_ancestral`.
 */
export class Dpm2AncestralScheduler extends SigmaScheduler {
  #begun: Float32Array | undefined;

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const { path, timestepOf } = dpm2Path(config, steps, spacing);
    const calls = doubleCalls(path, (_, from, to) => {
      const sigma = Math.fround(geometricMean(from, ancestralStep(from, to).down));
      return { timestep: timestepOf(sigma), sigma };
    });
    super(config, path.sigmas, calls);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const [from, to] = this.stepSigmas(i);
    const original = this.estimate(prediction, i, sample);
    if (this.#begun === undefined || this.beginsStep(i)) {
      this.#begun = sample;
      return eulerStep(sample, original, from, to === 0 ? 0 : this.sigmaOf(i + 1));
    }
    const { down, up } = ancestralStep(from, to);
    const moved = moveBySlopeAt(this.sigmaOf(i), sample, original, this.#begun, down - from);
    return combine([1, up], [moved, noise.draw()]);
  }
}

function dpm2Path(config: SchedulerConfig, steps: number, spacing: Spacing) {
  const schedule = noiseSchedule(config);
  const path = sigmaPath(schedule, config, steps, spacing, (timestep, by) =>
    by === 'karras' ? roundHalfEven(timestep) : timestep,
  );
  return { path, timestepOf: timestepsOf(schedule) };
}

function moveBySlopeAt(
  sigma: number,
  sample: Float32Array,
  original: Float32Array,
  from: Float32Array,
  distance: number,
): Float32Array {
  return combine([1, distance / sigma, -distance / sigma], [from, sample, original]);
}
