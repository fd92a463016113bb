import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine } from './scheduler.ts';
import { type Spacing, sigmaPath, withoutKarrasBounds } from './sigma-path.ts';
import { SigmaScheduler, singleCalls } from './sigma-space.ts';

const MAX_ORDER = 4;

/**
 * Linear multistep in σ (Adams–Bashforth with uneven steps): the slope is a polynomial through the last four, and is
 * integrated over the step. diffusers `LMSDiscreteScheduler`; k-diffusion `sample_lms`.
 */
export class LmsScheduler extends SigmaScheduler {
  /** Up to four slopes, the newest first. */
  #slopes: readonly Float32Array[] = [];

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const path = sigmaPath(noiseSchedule(config), withoutKarrasBounds(config, spacing), steps, spacing);
    super(config, path.sigmas, singleCalls(path));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const sigma = this.sigmaOf(i);
    const slope = combine([1 / sigma, -1 / sigma], [sample, this.estimate(prediction, i, sample)]);
    this.#slopes = [slope, ...this.#slopes].slice(0, MAX_ORDER);
    // Begun midway, diffusers takes the order of the whole way's step, and so weights of slopes that it does not have.
    const order = Math.min(i + 1, MAX_ORDER);
    const weights = this.#slopes.map((_, back) => this.#weight(i, order, back));
    return combine([1, ...weights], [sample, ...this.#slopes]);
  }

  /** ∫ of the Lagrange polynomial that is 1 at the slope `back` calls ago and 0 at the others, over the step. */
  #weight(i: number, order: number, back: number): number {
    const at = (k: number) => this.sigmas[i - k] ?? 0;
    const others = Array.from({ length: order }, (_, k) => k).filter((k) => k !== back);
    const basis = (sigma: number) => others.reduce((product, k) => (product * (sigma - at(k))) / (at(back) - at(k)), 1);
    const middle = (at(0) + at(-1)) / 2;
    const half = (at(-1) - at(0)) / 2;
    // Gauss's rule with two nodes is exact for cubics.
    const node = half / Math.sqrt(3);
    return half * (basis(middle - node) + basis(middle + node));
  }
}
