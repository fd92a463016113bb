import type { PredictionType } from './scheduler.ts';
import { combine } from './scheduler.ts';

/**
 * Samplers in the variance-exploding form of Karras et al. 2022: sample = x₀ + σ · noise. The UNet was trained on
 * the variance-preserving form, which is the same sample divided by √(σ² + 1).
 */
export function scaleToUnitVariance(sample: Float32Array, sigma: number): Float32Array {
  return combine([1 / Math.sqrt(sigma * sigma + 1)], [sample]);
}

/** x₀ as the network sees it, from its prediction at noise level σ. */
export function predictedOriginal(
  type: PredictionType,
  prediction: Float32Array,
  sample: Float32Array,
  sigma: number,
): Float32Array {
  const variance = sigma * sigma + 1;
  const weights = type === 'epsilon' ? [-sigma, 1] : [-sigma / Math.sqrt(variance), 1 / variance];
  return combine(weights, [prediction, sample]);
}

/** Where unit noise must be scaled to for the first call (diffusers' `init_noise_sigma`). */
export function initialSigma(sigmas: Float64Array, spacing: 'leading' | 'linspace' | 'trailing'): number {
  const largest = sigmas.reduce((a, b) => Math.max(a, b), 0);
  return spacing === 'leading' ? Math.sqrt(largest * largest + 1) : largest;
}
