import { BrownianTree } from '../rng/brownian-tree.ts';
import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine, type NoiseSource } from './scheduler.ts';
import { type Spacing, sigmaPath, timestepsOf, withoutKarrasBounds } from './sigma-path.ts';
import { ancestralStep, doubleCalls, eulerStep, geometricMean, SigmaScheduler } from './sigma-space.ts';

/**
 * DPM-Solver++ for the stochastic equation, two calls a step with r = 1/2. diffusers `DPMSolverSDEScheduler`;
 * k-diffusion `sample_dpmpp_sde`. Both halves of a step see the same Brownian path W(σ), which is torchsde's tree grown
 * from the picture's seed (as AUTOMATIC1111 seeds it, and diffusers with `noise_sampler_seed`).
 */
export class DpmppSdeScheduler extends SigmaScheduler {
  #begun: Float32Array | undefined;
  #path: BrownianTree | undefined;

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const schedule = noiseSchedule(config);
    const path = sigmaPath(schedule, withoutKarrasBounds(config, spacing), steps, spacing);
    const timestepOf = timestepsOf(schedule);
    const calls = doubleCalls(path, (_, from, to) => {
      const sigma = geometricMean(from, to);
      return { timestep: timestepOf(sigma), sigma };
    });
    super(config, path.sigmas, calls);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const [from, to] = this.stepSigmas(i);
    const original = this.estimate(prediction, i, sample);
    if (to === 0) return original;
    const begins = this.#begun === undefined || this.beginsStep(i);
    if (begins) this.#begun = sample;
    const target = begins ? this.sigmaOf(i + 1) : to;
    const { down, up } = ancestralStep(from, target);
    const moved = eulerStep(this.#begun ?? sample, original, from, down);
    return combine([1, up], [moved, this.#unitNoise(from, target, noise)]);
  }

  /** (W(to) − W(from)) / √|to − from|. */
  #unitNoise(from: number, to: number, noise: NoiseSource): Float32Array {
    const levels = this.sigmas.filter((sigma) => sigma > 0);
    this.#path ??= new BrownianTree(Math.min(...levels), Math.max(...levels), noise.seed, noise.seeded);
    // Time runs upwards in the tree, and the way goes down.
    return combine([-1 / Math.sqrt(from - to)], [this.#path.increment(to, from)]);
  }
}
