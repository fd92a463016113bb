import {
  type GenerationSpec,
  type PictureRecipe,
  specOf,
  type UpscaleSettings,
  upscaleOf,
} from '../../engine/index.ts';
import { shortcutsOf } from '../../src/core/optional-fields.ts';
import { code, type RichText, strong, text } from '../../src/core/reply.ts';
import { samplerLabel } from '../../src/core/samplers.ts';
import { formatImagine } from '../imagine/format-prompt.ts';
import { upscalerOf } from '../imagine/hires.ts';
import { shorten } from '../parsing/limits.ts';

const MAX_WORDS_SHOWN = 700;

/** The line that asks for a picture again. */
export interface Again {
  readonly spec: GenerationSpec;
  /** Whether its model is here, and can be named. */
  readonly knowsModel: boolean;
}

/**
 * How a picture was made, and the line that asks for it again.
 * @param modelTitle "" where it is not known
 * @param again undefined where it cannot be asked for here
 */
export function describeRecipe(recipe: PictureRecipe, modelTitle: string, again: Again | undefined): RichText[] {
  const spec = specOf(recipe);
  const line = (name: string, value: string): RichText => [strong(name), text(` ${value}`)];
  const facts = [
    `seed ${spec.seed}`,
    `${spec.width}×${spec.height}`,
    `${spec.steps} steps`,
    `guidance ${spec.guidance}`,
    samplerLabel(spec.sampler),
    ...(modelTitle === '' ? [] : [modelTitle]),
    ...(spec.clipSkip === undefined ? [] : [`clip skip ${spec.clipSkip}`]),
    ...shortcutsOf(spec),
    ...(spec.init === undefined ? [] : [`init image, denoising strength ${spec.init.strength}`]),
  ];
  return [
    line('Prompt', shorten(spec.prompt, MAX_WORDS_SHOWN)),
    ...(spec.negative === '' ? [] : [line('Negative prompt', shorten(spec.negative, MAX_WORDS_SHOWN))]),
    [text(facts.join(' · '))],
    ...spec.variations.map(({ seed, strength }) => line('Varied', `with seed ${seed}, strength ${strength}`)),
    ...upscalesOf(recipe).map((by) =>
      line('Upscaled', `×${by.factor} with ${upscalerOf(by)}, denoising strength ${by.strength}`),
    ),
    ...(again === undefined ? [] : commandLines(recipe, again)),
  ];
}

/** Nothing where the command is too long to be copied; and what it does not say. */
function commandLines(recipe: PictureRecipe, { spec, knowsModel }: Again): RichText[] {
  const imagine = `/imagine ${formatImagine(spec, knowsModel)}`;
  if (imagine.length > MAX_WORDS_SHOWN) return [];
  return [
    [code(imagine)],
    ...(spec.init === undefined
      ? []
      : [[text('The command does not include the init image; add it with '), code('--init'), text('.')]]),
    ...(knowsModel
      ? []
      : [[text(`The command does not include the model ${shorten(spec.model)}, which is not available here.`)]]),
    ...(recipe.kind === 'upscale' ? [[text('The command makes the picture before it was upscaled.')]] : []),
  ];
}

/** In the order in which they were made. */
function upscalesOf(recipe: PictureRecipe): UpscaleSettings[] {
  const earlier = recipe.kind === 'generate' ? [] : upscalesOf(recipe.source);
  const own = upscaleOf(recipe);
  return own === undefined ? earlier : [...earlier, own];
}
