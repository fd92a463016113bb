import type { GenerationSpec, NoiseDevice } from '../generation-spec.ts';
import { PhiloxGenerator } from '../rng/philox.ts';
import { slerp } from '../rng/slerp.ts';
import { TorchGenerator } from '../rng/torch-generator.ts';
import type { NoiseSource } from '../schedulers/scheduler.ts';
import { type Seed, seedBits } from '../seed.ts';

type Shape = readonly [channels: number, height: number, width: number];

/** The random numbers of a picture. */
export interface StartingNoise {
  /** Unit noise, [channels, height, width]. */
  readonly noise: Float32Array;
  /** Unit noise drawn before it, for the sample of a picture to begin from: the order of diffusers' pipelines. */
  readonly posterior: Float32Array | undefined;
  /** Unit noise drawn after it, for the sample of what lies around the mask. */
  readonly masked: Float32Array | undefined;
  /** More of the main seed's noise, for samplers that add some: its stream continues where the starting noise ended. */
  readonly fresh: NoiseSource;
}

/** What noise is drawn for. */
export interface NoiseUse {
  /** Pixels a side of one latent. */
  readonly factor: number;
  /** Whether the model was made for inpainting. */
  readonly isInpainting: boolean;
}

/**
 * The noise of one picture: its seed's, moved by its variations in order, and, resized, the noise of another size in
 * the middle of it (AUTOMATIC1111, modules/rng.py, ImageRNG).
 */
export function startingNoise(
  spec: Pick<GenerationSpec, 'seed' | 'variations' | 'noiseDevice' | 'seedSize' | 'init'>,
  shape: Shape,
  { factor, isInpainting }: NoiseUse,
): StartingNoise {
  const draw = (seed: Seed) => createGenerator(seedBits(seed), spec.noiseDevice);
  const { seedSize } = spec;
  const drawn: Shape = seedSize ? [shape[0], side(seedSize.height, factor), side(seedSize.width, factor)] : shape;
  const generator = draw(spec.seed);
  const isResized = drawn[1] !== shape[1] || drawn[2] !== shape[2];
  // An inpainting model that begins from pure noise needs no sample of the picture.
  const isSampled = spec.init !== undefined && !(isInpainting && spec.init.strength === 1);
  const posterior = isSampled ? generator.randn(sizeOf(shape)) : undefined;
  let noise = (isResized ? draw(spec.seed) : generator).randn(sizeOf(drawn));
  for (const { seed, strength } of spec.variations) {
    noise = slerp(strength, noise, draw(seed).randn(sizeOf(drawn)), drawn);
  }
  if (isResized) noise = inTheMiddle(generator.randn(sizeOf(shape)), shape, noise, drawn);
  const size = sizeOf(shape);
  const fresh = {
    draw: () => generator.randn(size),
    seed: seedBits(spec.seed),
    seeded: (seed: number) => draw(seed).randn(size),
  };
  // diffusers samples the masked picture too, whether the model is told it or not.
  const masked = isInpainting || spec.init?.mask !== undefined ? generator.randn(size) : undefined;
  return { noise, posterior, masked, fresh };
}

/** The same numbers as torch's own generator on that device, of a 64-bit seed. */
function createGenerator(seed: number | bigint, device: NoiseDevice = 'cpu'): { randn(n: number): Float32Array } {
  return device === 'cuda' ? new PhiloxGenerator(seed) : new TorchGenerator(seed);
}

function side(pixels: number, factor: number): number {
  return Math.floor(pixels / factor);
}

function sizeOf([channels, height, width]: Shape): number {
  return channels * height * width;
}

/** `small` over the middle of `large`; where it is the larger one, its own middle. */
function inTheMiddle(large: Float32Array, shape: Shape, small: Float32Array, smallShape: Shape): Float32Array {
  const [, height, width] = shape;
  const [channels, smallHeight, smallWidth] = smallShape;
  const rows = overlap(height, smallHeight);
  const columns = overlap(width, smallWidth);
  const out = large.slice();
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < rows.length; y += 1) {
      const from = (c * smallHeight + rows.source + y) * smallWidth + columns.source;
      const to = (c * height + rows.target + y) * width + columns.target;
      out.set(small.subarray(from, from + columns.length), to);
    }
  }
  return out;
}

function overlap(target: number, source: number) {
  const margin = Math.floor((target - source) / 2);
  const length = margin >= 0 ? source : source + 2 * margin;
  return { length, target: Math.max(margin, 0), source: Math.max(-margin, 0) };
}
