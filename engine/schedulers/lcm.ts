import { EngineError } from '../errors.ts';
import { AlphaScheduler } from './alpha-space.ts';
import type { SchedulerConfig } from './config.ts';
import { combine, type NoiseSource } from './scheduler.ts';

/** The pictures' standard deviation that the boundary condition is written for: Karras et al. 2022, table 1. */
const SIGMA_DATA = 0.5;

/**
 * Multistep consistency sampling of latent consistency models: Luo et al. 2023, algorithm 3. Each step goes the whole
 * way to x₀ and back to the next noise level with fresh noise of the picture's stream. diffusers `LCMScheduler`.
 */
export class LcmScheduler extends AlphaScheduler {
  readonly timesteps: readonly number[];

  /** @throws EngineError `bad_request` for more steps than the model was distilled from */
  constructor(config: SchedulerConfig, steps: number) {
    super(config, { zeroSnr: 'exact', clips: false, endsClean: true });
    this.timesteps = distilledTimesteps(config, steps);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const t = this.timesteps[i] ?? 0;
    const original = this.estimate(prediction, i, sample);
    const scaled = t * this.config.timestep_scaling;
    const variance = scaled ** 2 + SIGMA_DATA ** 2;
    const denoised = combine([scaled / Math.sqrt(variance), SIGMA_DATA ** 2 / variance], [original, sample]);
    const next = this.timesteps[i + 1];
    if (next === undefined) return denoised;
    const level = this.levelAt(next);
    return combine([level.signal, level.noise], [denoised, noise.draw()]);
  }
}

/** Every so many of the `original_inference_steps` timesteps that the model was distilled on, high to low. */
function distilledTimesteps(config: SchedulerConfig, steps: number): number[] {
  const original = Math.min(config.original_inference_steps, config.num_train_timesteps);
  if (steps > original) {
    throw new EngineError('bad_request', `LCM allows at most ${original} steps; try 4 to 8.`, { steps });
  }
  const ratio = Math.floor(config.num_train_timesteps / original);
  const stride = original / steps;
  return Array.from({ length: steps }, (_, i) => (original - Math.floor(i * stride)) * ratio - 1);
}
