import type { SchedulerConfig } from '../model/configs.ts';

/**
 * One picture's way from noise to latents. Holds the history its method needs, so each picture has its own.
 * Numbers only: latents are flat float32, computed in float64.
 */
export interface Scheduler {
  /** The timestep of each UNet call, high to low. PLMS calls its second one twice. */
  readonly timesteps: readonly number[];
  /** Unit noise times this is where the first call begins. */
  readonly initNoiseSigma: number;
  /** What the UNet sees of the sample before call `i`. */
  scaleModelInput(sample: Float32Array, i: number): Float32Array;
  /** The sample after call `i`. Ancestral samplers take unit noise of the sample's size from `drawNoise`. */
  step(prediction: Float32Array, i: number, sample: Float32Array, drawNoise: () => Float32Array): Float32Array;
  /** A finished picture's latents brought back to the noise level of call `i`. */
  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array;
}

export type PredictionType = SchedulerConfig['prediction_type'];

/** out[i] = f(a[i], b[i]) over two equally long vectors. */
export function zip(a: Float32Array, b: Float32Array, f: (a: number, b: number) => number): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i += 1) out[i] = f(a[i] as number, b[i] as number);
  return out;
}

/** Σ weights[k] · vectors[k]. */
export function combine(weights: readonly number[], vectors: readonly Float32Array[]): Float32Array {
  const out = new Float64Array(vectors[0]?.length ?? 0);
  for (const [k, vector] of vectors.entries()) {
    const weight = weights[k] ?? 0;
    for (let i = 0; i < out.length; i += 1) out[i] = (out[i] as number) + weight * (vector[i] as number);
  }
  return Float32Array.from(out);
}
