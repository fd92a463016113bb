/**
 * One picture's way from noise to latents. Holds the history its method needs, so each picture has its own.
 * Numbers only: latents are flat float32, computed in float64.
 *
 * A way is a row of calls of the network, whatever the method: a step of Heun's is two calls, the second at the
 * next noise level. The caller needs no more than the timestep of each and `stepOf` to count for people.
 */
export interface Scheduler {
  /** The timestep of each UNet call. PLMS calls its second one twice, DPM2 goes through midpoints. */
  readonly timesteps: readonly number[];
  /** The step each call belongs to, from 0: what a person counts. Never falls. */
  readonly stepOf: readonly number[];
  /** Unit noise times this is where the first call begins. */
  readonly initNoiseSigma: number;
  /** What the UNet sees of the sample before call `i`. */
  scaleModelInput(sample: Float32Array, i: number): Float32Array;
  /** The sample after call `i`. Calls are made in order, from a first one that begins a step. */
  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array;
  /** x̂₀, what the finished latents would be were the prediction of call `i` right. */
  estimate(prediction: Float32Array, i: number, sample: Float32Array): Float32Array;
  /** A finished picture's latents brought back to the noise level of call `i`. */
  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array;
}

/** Where the fresh noise of one picture comes from. */
export interface NoiseSource {
  /** The next unit noise of the picture's own stream, of the sample's size. */
  draw(): Float32Array;
  /** The picture's seed, for samplers whose noise is one Brownian path. */
  readonly seed: number | bigint;
  /** The first unit noise, of the sample's size, of a stream with a seed of its own. */
  seeded(seed: number): Float32Array;
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
