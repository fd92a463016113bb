import type { SchedulerConfig } from './config.ts';
import { type NoiseSchedule, noiseSchedule, type ZeroSnr } from './noise-schedule.ts';
import { clip, type NoiseLevel, originalOf, threshold } from './prediction.ts';
import { combine, type NoiseSource, type Scheduler } from './scheduler.ts';
import { roundHalfEven, spacedTimesteps } from './timesteps.ts';

export interface AlphaOptions {
  readonly zeroSnr: ZeroSnr;
  /** The class's own default of `clip_sample`; undefined where it bounds nothing. */
  readonly clips: boolean | undefined;
  /** The class's own default of `set_alpha_to_one`: ᾱ where the way ends is 1, and not ᾱ(0). */
  readonly endsClean: boolean;
}

/** Samplers that go through training timesteps in the variance-preserving form: sample = √ᾱ · x₀ + √(1 − ᾱ) · ε. */
export abstract class AlphaScheduler implements Scheduler {
  abstract readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  protected readonly config: SchedulerConfig;
  readonly #schedule: NoiseSchedule;
  readonly #finalAlpha: number;
  readonly #clips: boolean | undefined;

  constructor(config: SchedulerConfig, { zeroSnr, clips, endsClean }: AlphaOptions) {
    this.config = config;
    this.#schedule = noiseSchedule(config, zeroSnr);
    this.#finalAlpha = (config.set_alpha_to_one ?? endsClean) ? 1 : (this.#schedule.alphasCumprod[0] ?? 1);
    this.#clips = clips === undefined ? undefined : (config.clip_sample ?? clips);
  }

  get stepOf(): readonly number[] {
    return this.timesteps.map((_, i) => i);
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  abstract step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array;

  estimate(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const original = originalOf(this.config, prediction, sample, this.levelAt(this.timesteps[i] ?? 0));
    if (this.#clips === undefined) return original;
    if (this.config.thresholding) return threshold(original, this.config);
    return this.#clips ? clip(original, this.config.clip_sample_range) : original;
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    const level = this.levelAt(this.timesteps[i] ?? 0);
    return combine([level.signal, level.noise], [latents, noise]);
  }

  /** ᾱ; before the first training timestep, where the way ends. */
  protected alphaAt(t: number): number {
    return t >= 0 ? (this.#schedule.alphasCumprod[t] ?? this.#finalAlpha) : this.#finalAlpha;
  }

  protected levelAt(t: number): NoiseLevel {
    const alpha = this.alphaAt(t);
    return { signal: Math.sqrt(alpha), noise: Math.sqrt(1 - alpha) };
  }
}

/** Whole timesteps from high to low, `leading` where the config does not say. */
export function wholeTimesteps(config: SchedulerConfig, steps: number): number[] {
  const spacing = config.timestep_spacing ?? 'leading';
  return spacedTimesteps(spacing, steps, config.num_train_timesteps, config.steps_offset).map(roundHalfEven);
}
