import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine, type NoiseSource } from './scheduler.ts';
import { type SigmaPath, type Spacing, sigmaPath } from './sigma-path.ts';
import { ancestralStep, eulerStep, SigmaScheduler, singleCalls } from './sigma-space.ts';

/** Euler steps in σ: Karras et al. 2022, algorithm 2 without churn. diffusers `EulerDiscreteScheduler`. */
export class EulerScheduler extends SigmaScheduler {
  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const path = eulerPath(config, steps, spacing);
    super(config, path.sigmas, singleCalls(path));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const [from, to] = this.stepSigmas(i);
    return eulerStep(sample, this.estimate(prediction, i, sample), from, to);
  }
}

/**
 * Euler steps that go below the target noise level and add fresh noise of the picture's stream.
 * diffusers `EulerAncestralDiscreteScheduler`; k-diffusion `sample_euler_ancestral`.
 */
export class EulerAncestralScheduler extends SigmaScheduler {
  constructor(config: SchedulerConfig, steps: number) {
    const path = eulerPath({ ...config, final_sigmas_type: 'zero' }, steps, undefined);
    super(config, path.sigmas, singleCalls(path));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const [from, to] = this.stepSigmas(i);
    const { down, up } = ancestralStep(from, to);
    const moved = eulerStep(sample, this.estimate(prediction, i, sample), from, down);
    return combine([1, up], [moved, noise.draw()]);
  }
}

function eulerPath(config: SchedulerConfig, steps: number, spacing: Spacing): SigmaPath {
  const schedule = noiseSchedule(config, 'floored');
  const path = sigmaPath(schedule, config, steps, spacing);
  if (config.final_sigmas_type === 'zero') return path;
  return { ...path, sigmas: path.sigmas.map((sigma, i) => (i === steps ? (schedule.sigmas[0] ?? 0) : sigma)) };
}
