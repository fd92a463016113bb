import type { SchedulerConfig } from './config.ts';
import { combine } from './scheduler.ts';

/** sample = signal · x₀ + noise · ε. */
export interface NoiseLevel {
  readonly signal: number;
  readonly noise: number;
}

/**
 * x₀ from what the network predicts: the noise ε, x₀ itself, or the velocity v = signal · ε − noise · x₀
 * (Salimans & Ho 2022, appendix D). The level is variance-preserving: signal² + noise² = 1.
 */
export function originalOf(
  { prediction_type: type }: Pick<SchedulerConfig, 'prediction_type'>,
  prediction: Float32Array,
  sample: Float32Array,
  { signal, noise }: NoiseLevel,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return combine([1 / signal, -noise / signal], [sample, prediction]);
    case 'v_prediction':
      return combine([signal, -noise], [sample, prediction]);
    case 'sample':
      return prediction;
  }
}

/** ε from the same prediction. */
export function noiseOf(
  { prediction_type: type }: Pick<SchedulerConfig, 'prediction_type'>,
  prediction: Float32Array,
  sample: Float32Array,
  { signal, noise }: NoiseLevel,
): Float32Array {
  switch (type) {
    case 'epsilon':
      return prediction;
    case 'v_prediction':
      return combine([signal, noise], [prediction, sample]);
    case 'sample':
      return combine([1 / noise, -signal / noise], [sample, prediction]);
  }
}

/** Values beyond ±range are cut off. */
export function clip(values: Float32Array, range: number): Float32Array {
  return values.map((value) => Math.min(Math.max(value, -range), range));
}

type Threshold = Pick<SchedulerConfig, 'dynamic_thresholding_ratio' | 'sample_max_value'>;

/** Dynamic thresholding: Saharia et al. 2022, section 2.3. The bound is that quantile of the magnitudes, at least 1. */
export function threshold(values: Float32Array, config: Threshold): Float32Array {
  const magnitudes = values.map(Math.abs).sort();
  const quantile = interpolateSorted(magnitudes, config.dynamic_thresholding_ratio);
  const bound = Math.min(Math.max(quantile, 1), config.sample_max_value);
  return clip(values, bound).map((value) => value / bound);
}

function interpolateSorted(sorted: Float32Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? 0;
  return low + (high - low) * (at - Math.floor(at));
}
