import type { GenerationSpec } from '../generation-spec.ts';
import { seedAfter } from '../seed.ts';
import type { EngineTask, PictureRecipe } from '../task.ts';
import type { UpscaleSettings } from '../upscale-settings.ts';

/** The recipe of picture `index` of a batch alone: the same seed rule as the batch, count 1. */
export function singleRecipe(spec: GenerationSpec, index: number): PictureRecipe {
  const last = spec.variations.at(-1);
  const single: GenerationSpec =
    last === undefined
      ? { ...spec, count: 1, seed: seedAfter(spec.seed, index) }
      : {
          ...spec,
          count: 1,
          variations: [...spec.variations.slice(0, -1), { ...last, seed: seedAfter(last.seed, index) }],
        };
  return { kind: 'generate', spec: single };
}

/** The generation at the root of a recipe, below any enlargements. */
export function specOf(recipe: PictureRecipe): GenerationSpec {
  return recipe.kind === 'generate' ? recipe.spec : specOf(recipe.source);
}

/** How a task's pictures become larger than what they are drawn from, if they do. */
export function upscaleOf(task: EngineTask): UpscaleSettings | undefined {
  return task.kind === 'generate' ? task.spec.hires : task;
}

/** Pixels of the pictures that a task makes; where it enlarges, before they are rounded to whole latents. */
export function sizeOf(task: EngineTask): { readonly width: number; readonly height: number } {
  const { width, height } = task.kind === 'generate' ? task.spec : sizeOf(task.source);
  const factor = upscaleOf(task)?.factor ?? 1;
  return { width: width * factor, height: height * factor };
}
