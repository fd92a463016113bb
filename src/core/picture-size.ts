import { enlargementOf, type PictureRecipe, SPEC_LIMITS } from '../../engine/index.ts';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How large the pictures of a task become. */
export function sizeOf(recipe: PictureRecipe): Size {
  const { width, height } = recipe.kind === 'generate' ? recipe.spec : sizeOf(recipe.source);
  const enlargement = enlargementOf(recipe);
  return enlargement === undefined ? { width, height } : enlarged({ width, height }, enlargement.factor);
}

/** The engine enlarges to whole latents. */
export function enlarged({ width, height }: Size, factor: number): Size {
  const { sizeMultiple } = SPEC_LIMITS;
  const side = (length: number) => Math.round((length * factor) / sizeMultiple) * sizeMultiple;
  return { width: side(width), height: side(height) };
}
