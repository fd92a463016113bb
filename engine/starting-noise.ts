import { slerp } from './rng/slerp.ts';
import { TorchGenerator } from './rng/torch-generator.ts';
import type { GenerationSpec } from './types.ts';

export interface StartingNoise {
  /** Unit noise, [channels, height, width]. */
  readonly noise: Float32Array;
  /** More of the main seed's noise, for ancestral samplers: it continues where the starting noise ended. */
  readonly drawNoise: () => Float32Array;
}

/** The noise of one picture: its seed's, moved by its variations in order. */
export function startingNoise(
  spec: Pick<GenerationSpec, 'seed' | 'variations'>,
  shape: readonly [channels: number, height: number, width: number],
): StartingNoise {
  const size = shape[0] * shape[1] * shape[2];
  const generator = new TorchGenerator(spec.seed);
  let noise = generator.randn(size);
  for (const { seed, strength } of spec.variations) {
    noise = slerp(strength, noise, new TorchGenerator(seed).randn(size), shape);
  }
  return { noise, drawNoise: () => generator.randn(size) };
}
