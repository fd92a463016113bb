import { type Enlargement, enlargementOf, type PictureRecipe, specOf } from '../engine/index.ts';
import { code, type RichText, strong, text } from '../src/core/reply.ts';
import { samplerLabel } from '../src/core/samplers.ts';
import { formatImagine } from './format.ts';
import { upscalerOf } from './hires.ts';
import { abridge } from './limits.ts';

const MAX_WORDS_SHOWN = 700;

/** How a picture was made, and the line that asks for it again. @param modelTitle where the model's id says nothing */
export function describeRecipe(recipe: PictureRecipe, modelTitle?: string): RichText[] {
  const spec = specOf(recipe);
  const line = (name: string, value: string): RichText => [strong(name), text(` ${value}`)];
  const facts = [
    `seed ${spec.seed}`,
    `${spec.width}×${spec.height}`,
    `${spec.steps} steps`,
    `guidance ${spec.guidance}`,
    samplerLabel(spec.sampler),
    modelTitle ?? spec.model,
    ...(spec.clipSkip === undefined ? [] : [`clip skip ${spec.clipSkip}`]),
    ...(spec.init === undefined ? [] : [`from a picture, of which ${spec.init.strength} may change`]),
  ];
  const imagine = `/imagine ${formatImagine(spec)}`;
  return [
    line('Prompt', abridge(spec.prompt, MAX_WORDS_SHOWN)),
    ...(spec.negative === '' ? [] : [line('Negative prompt', abridge(spec.negative, MAX_WORDS_SHOWN))]),
    [text(facts.join(' · '))],
    ...spec.variations.map(({ seed, strength }) => line('Varied', `with seed ${seed} at ${strength}`)),
    ...enlargements(recipe).map((by) =>
      line('Enlarged', `×${by.factor} by ${upscalerOf(by)}, drawn again at ${by.strength}`),
    ),
    ...(imagine.length <= MAX_WORDS_SHOWN ? [[code(imagine)]] : []),
  ];
}

/** In the order in which they were made. */
function enlargements(recipe: PictureRecipe): Enlargement[] {
  const earlier = recipe.kind === 'generate' ? [] : enlargements(recipe.source);
  const own = enlargementOf(recipe);
  return own === undefined ? earlier : [...earlier, own];
}
