import type { Denoiser, TextContext } from './denoiser.ts';

/**
 * What whole calls of the UNet left for the calls after them: of each picture, by text, [channels, height, width] flat.
 * A picture's features go when the picture does.
 */
export class DeepFeatures {
  readonly #of = new WeakMap<Denoiser, ReadonlyMap<TextContext, Float32Array>>();

  /** Those of each of these texts, in order; undefined when one is missing. */
  find(denoiser: Denoiser, contexts: readonly TextContext[]): readonly Float32Array[] | undefined {
    const known = this.#of.get(denoiser);
    const found = contexts.flatMap((context) => known?.get(context) ?? []);
    return found.length === contexts.length ? found : undefined;
  }

  keep(denoiser: Denoiser, features: ReadonlyMap<TextContext, Float32Array>): void {
    this.#of.set(denoiser, features);
  }
}
