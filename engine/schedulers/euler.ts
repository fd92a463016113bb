import type { SchedulerConfig } from '../model/configs.ts';
import { interpolate, noiseSchedule } from './noise-schedule.ts';
import { combine, type PredictionType, type Scheduler } from './scheduler.ts';
import { initialSigma, predictedOriginal, scaleToUnitVariance } from './sigma-space.ts';
import { spacedTimesteps } from './timesteps.ts';

/** Euler steps in σ: Karras et al. 2022, algorithm 2 without churn. diffusers `EulerDiscreteScheduler`. */
export class EulerScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma: number;
  /** One more than there are steps; the last is where the picture is clean. */
  protected readonly sigmas: Float64Array;
  protected readonly prediction: PredictionType;

  constructor(config: SchedulerConfig, steps: number) {
    const schedule = noiseSchedule(config);
    const spacing = config.timestep_spacing ?? 'linspace';
    this.prediction = config.prediction_type;
    this.timesteps = spacedTimesteps(spacing, steps, config.num_train_timesteps, config.steps_offset).map(Math.fround);
    const last = config.final_sigmas_type === 'zero' ? 0 : (schedule.sigmas[0] ?? 0);
    this.sigmas = Float64Array.from([...this.timesteps.map((t) => interpolate(schedule.sigmas, t)), last], Math.fround);
    this.initNoiseSigma = initialSigma(this.sigmas, spacing);
  }

  scaleModelInput(sample: Float32Array, i: number): Float32Array {
    return scaleToUnitVariance(sample, this.sigmas[i] ?? 0);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, _drawNoise: () => Float32Array): Float32Array {
    const sigma = this.sigmas[i] ?? 0;
    return this.moveTo(this.sigmas[i + 1] ?? 0, sigma, prediction, sample);
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    return combine([1, this.sigmas[i] ?? 0], [latents, noise]);
  }

  /** sample + dx/dσ · (target − σ), with dx/dσ = (sample − x₀)/σ. */
  protected moveTo(target: number, sigma: number, prediction: Float32Array, sample: Float32Array): Float32Array {
    const original = predictedOriginal(this.prediction, prediction, sample, sigma);
    const ratio = (target - sigma) / sigma;
    return combine([1 + ratio, -ratio], [sample, original]);
  }
}

/** Euler steps that go below the target noise level and add fresh noise. diffusers `EulerAncestralDiscreteScheduler`. */
export class EulerAncestralScheduler extends EulerScheduler {
  constructor(config: SchedulerConfig, steps: number) {
    super({ ...config, final_sigmas_type: 'zero' }, steps);
  }

  override step(
    prediction: Float32Array,
    i: number,
    sample: Float32Array,
    drawNoise: () => Float32Array,
  ): Float32Array {
    const from = this.sigmas[i] ?? 0;
    const to = this.sigmas[i + 1] ?? 0;
    const up = Math.sqrt((to * to * (from * from - to * to)) / (from * from));
    const down = Math.sqrt(to * to - up * up);
    const moved = this.moveTo(down, from, prediction, sample);
    return combine([1, up], [moved, drawNoise()]);
  }
}
