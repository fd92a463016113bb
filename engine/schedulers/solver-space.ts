import type { SchedulerConfig } from './config.ts';
import { originalOf, threshold } from './prediction.ts';
import { combine, type NoiseSource, type Scheduler } from './scheduler.ts';
import type { SigmaPath } from './sigma-path.ts';

/** Ways shorter than this end in lower orders. */
export const SHORT_WAY = 15;

/** A point on the way of a variance-preserving sample: sample = signal · x₀ + noise · ε. */
export interface SolverLevel {
  readonly signal: number;
  readonly noise: number;
  /** Half the log signal-to-noise ratio; infinite where the picture is clean. */
  readonly lambda: number;
}

/** Exponential integrators in λ = log signal/noise, which predict x₀: Lu et al. 2022 (DPM-Solver++), section 4. */
export abstract class SolverScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly stepOf: readonly number[];
  readonly initNoiseSigma = 1;
  protected readonly config: SchedulerConfig;
  readonly #sigmas: Float64Array;

  constructor(config: SchedulerConfig, { timesteps, sigmas }: SigmaPath) {
    this.config = config;
    this.timesteps = timesteps;
    this.stepOf = timesteps.map((_, i) => i);
    this.#sigmas = sigmas;
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  abstract step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array;

  estimate(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const original = originalOf(this.config, prediction, sample, this.levelAt(i));
    return this.config.thresholding ? threshold(original, this.config) : original;
  }

  /** ε of the same prediction, after any bounds on x₀. */
  protected noise(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const { signal, noise } = this.levelAt(i);
    return combine([1 / noise, -signal / noise], [sample, this.estimate(prediction, i, sample)]);
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    const level = this.levelAt(i);
    return combine([level.signal, level.noise], [latents, noise]);
  }

  /** Before call `i`; after the last call, where the way ends. */
  protected levelAt(i: number): SolverLevel {
    const ratio = this.#sigmas[i] ?? 0;
    const signal = 1 / Math.sqrt(ratio * ratio + 1);
    return { signal, noise: ratio * signal, lambda: -Math.log(ratio) };
  }
}
