import type { SchedulerConfig } from './config.ts';
import { originalOf } from './prediction.ts';
import { combine, type NoiseSource, type Scheduler } from './scheduler.ts';
import type { SigmaPath } from './sigma-path.ts';

/** One call of the network on the way. */
export interface Call {
  readonly timestep: number;
  /** The noise level of the sample it sees. */
  readonly sigma: number;
  readonly step: number;
}

/**
 * Samplers in the variance-exploding form of Karras et al. 2022: sample = x₀ + σ · noise. The UNet was trained on
 * the variance-preserving form, which is the same sample divided by √(σ² + 1).
 */
export abstract class SigmaScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly stepOf: readonly number[];
  readonly initNoiseSigma: number;
  protected readonly config: SchedulerConfig;
  /** Where each step begins, and where the last one ends. */
  protected readonly sigmas: Float64Array;
  protected readonly calls: readonly Call[];

  constructor(config: SchedulerConfig, sigmas: Float64Array, calls: readonly Call[]) {
    this.config = config;
    this.sigmas = sigmas;
    this.calls = calls;
    this.timesteps = calls.map((call) => call.timestep);
    this.stepOf = calls.map((call) => call.step);
    this.initNoiseSigma = initialSigma(sigmas, config.timestep_spacing);
  }

  scaleModelInput(sample: Float32Array, i: number): Float32Array {
    return combine([this.#level(i).signal], [sample]);
  }

  abstract step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array;

  estimate(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    return originalOf(this.config, prediction, this.scaleModelInput(sample, i), this.#level(i));
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    return combine([1, this.sigmaOf(i)], [latents, noise]);
  }

  /** The noise level that call `i` sees. */
  protected sigmaOf(i: number): number {
    return this.calls[i]?.sigma ?? 0;
  }

  /** The noise levels between which the step of call `i` goes. */
  protected stepSigmas(i: number): readonly [from: number, to: number] {
    const step = this.stepOf[i] ?? 0;
    return [this.sigmas[step] ?? 0, this.sigmas[step + 1] ?? 0];
  }

  protected beginsStep(i: number): boolean {
    return this.stepOf[i] !== this.stepOf[i - 1];
  }

  #level(i: number) {
    const sigma = this.sigmaOf(i);
    const signal = 1 / Math.sqrt(sigma * sigma + 1);
    return { signal, noise: sigma * signal };
  }
}

/** One call a step. */
export function singleCalls({ timesteps, sigmas }: SigmaPath): Call[] {
  return timesteps.map((timestep, step) => ({ timestep, sigma: sigmas[step] ?? 0, step }));
}

/** Two calls a step, the second one where `second` says, but one where the step ends without noise. */
export function doubleCalls(
  { timesteps, sigmas }: SigmaPath,
  second: (step: number, from: number, to: number) => Omit<Call, 'step'>,
): Call[] {
  return timesteps.flatMap((timestep, step) => {
    const [from, to] = [sigmas[step] ?? 0, sigmas[step + 1] ?? 0];
    const first = { timestep, sigma: from, step };
    return to === 0 ? [first] : [first, { ...second(step, from, to), step }];
  });
}

/** Down to a level below `to`, from which noise of deviation `up` leads back to it. k-diffusion `get_ancestral_step`. */
export function ancestralStep(from: number, to: number): { readonly down: number; readonly up: number } {
  const up = Math.min(to, Math.sqrt((to * to * (from * from - to * to)) / (from * from)));
  return { down: Math.sqrt(to * to - up * up), up };
}

/** The noise level halfway in log σ. */
export function geometricMean(a: number, b: number): number {
  return Math.sqrt(a * b);
}

/** sample + dx/dσ · (to − from), with dx/dσ = (sample − x₀)/from: an Euler step, and exact were x₀ constant. */
export function eulerStep(sample: Float32Array, original: Float32Array, from: number, to: number): Float32Array {
  return combine([to / from, 1 - to / from], [sample, original]);
}

/** diffusers' `init_noise_sigma`. */
function initialSigma(sigmas: Float64Array, spacing: SchedulerConfig['timestep_spacing']): number {
  const largest = sigmas.reduce((a, b) => Math.max(a, b), 0);
  return spacing === 'leading' ? Math.sqrt(largest * largest + 1) : largest;
}
