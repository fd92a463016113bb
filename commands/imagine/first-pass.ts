import { type ModelDescription, SPEC_LIMITS } from '../../engine/index.ts';
import { type Size, upscaledSize } from '../../src/core/picture-size.ts';

/** Side ratio up to which a model still composes what is larger than its own size. */
const STILL_COMPOSED = 1.25;

/**
 * Where a picture of this size is drawn first: in the same shape, as near to the model's own area as leads to exactly
 * the size that was asked for when it is enlarged by the factor. The size itself and 1 where one pass will do.
 */
export function firstPass(size: Size, model: ModelDescription): { readonly first: Size; readonly factor: number } {
  const { sizeMultiple: step, minSide, maxUpscale } = SPEC_LIMITS;
  const ratio = Math.sqrt((size.width * size.height) / (model.width * model.height));
  if (ratio <= STILL_COMPOSED) return { first: size, factor: 1 };
  const toMultiple = (side: number) => Math.round(side / step) * step;
  const ideal = toMultiple(size.width / ratio);
  for (let away = 0; away < size.width; away += step) {
    for (const width of [ideal - away, ideal + away]) {
      const first = { width, height: toMultiple((size.height * width) / size.width) };
      if (Math.min(first.width, first.height) < minSide) continue;
      // Enlarged sides are rounded to whole latents, so that one of these almost always leads there.
      const [wide, high] = [size.width / first.width, size.height / first.height];
      const factor = [wide, high, (wide + high) / 2].find((each) => isSame(upscaledSize(first, each), size));
      if (factor !== undefined && factor > 1 && factor <= maxUpscale) return { first, factor };
    }
  }
  return { first: size, factor: 1 };
}

function isSame(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
