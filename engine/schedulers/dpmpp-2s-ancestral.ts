import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine, type NoiseSource } from './scheduler.ts';
import { type Spacing, sigmaPath, timestepsOf } from './sigma-path.ts';
import { ancestralStep, doubleCalls, eulerStep, geometricMean, SigmaScheduler } from './sigma-space.ts';

/**
 * DPM-Solver++(2S) with ancestral noise: Lu et al. 2022 (DPM-Solver++), algorithm 1, with r = 1/2, down to a level below
 * the target, then fresh noise. This is k-diffusion's `sample_dpmpp_2s_ancestral`, what AUTOMATIC1111 calls
 * "DPM++ 2S a"; diffusers has no class for it. Its noise is the picture's own stream, its path Euler's.
 */
export class Dpmpp2sAncestralScheduler extends SigmaScheduler {
  #begun: Float32Array | undefined;

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const schedule = noiseSchedule(config, 'floored');
    const path = sigmaPath(schedule, config, steps, spacing);
    const timestepOf = timestepsOf(schedule);
    const calls = doubleCalls(path, (_, from, to) => {
      const sigma = geometricMean(from, ancestralStep(from, to).down);
      return { timestep: timestepOf(sigma), sigma };
    });
    super(config, path.sigmas, calls);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const [from, to] = this.stepSigmas(i);
    const original = this.estimate(prediction, i, sample);
    if (this.#begun === undefined || this.beginsStep(i)) {
      this.#begun = sample;
      // With x₀ constant, the exponential integrator is the Euler step in σ.
      return eulerStep(sample, original, from, to === 0 ? 0 : this.sigmaOf(i + 1));
    }
    const { down, up } = ancestralStep(from, to);
    return combine([1, up], [eulerStep(this.#begun, original, from, down), noise.draw()]);
  }
}
