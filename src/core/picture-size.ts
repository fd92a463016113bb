import { type PictureRecipe, SPEC_LIMITS, upscaleOf } from '../../engine/index.ts';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How large the pictures of a task become. */
export function sizeOf(recipe: PictureRecipe): Size {
  const { width, height } = recipe.kind === 'generate' ? recipe.spec : sizeOf(recipe.source);
  const upscale = upscaleOf(recipe);
  return upscale === undefined ? { width, height } : upscaledSize({ width, height }, upscale.factor);
}

/** The engine enlarges to whole latents. */
export function upscaledSize({ width, height }: Size, factor: number): Size {
  const { sizeMultiple } = SPEC_LIMITS;
  const side = (length: number) => Math.round((length * factor) / sizeMultiple) * sizeMultiple;
  return { width: side(width), height: side(height) };
}
