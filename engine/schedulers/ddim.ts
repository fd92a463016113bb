import { AlphaScheduler, wholeTimesteps } from './alpha-space.ts';
import type { SchedulerConfig } from './config.ts';
import { noiseOf } from './prediction.ts';
import { combine } from './scheduler.ts';

/** DDIM with η = 0: Song et al. 2020, equation 12. diffusers `DDIMScheduler`. */
export class DdimScheduler extends AlphaScheduler {
  readonly timesteps: readonly number[];
  readonly #stride: number;

  constructor(config: SchedulerConfig, steps: number) {
    super(config, { zeroSnr: 'exact', clips: true, endsClean: true });
    this.timesteps = wholeTimesteps(config, steps);
    this.#stride = Math.floor(config.num_train_timesteps / steps);
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const t = this.timesteps[i] ?? 0;
    const original = this.estimate(prediction, i, sample);
    const noise = noiseOf(this.config, prediction, sample, this.levelAt(t));
    const next = this.levelAt(t - this.#stride);
    return combine([next.signal, next.noise], [original, noise]);
  }
}
