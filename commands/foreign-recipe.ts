import { type EngineDescription, type GenerationSpec, SPEC_LIMITS, specOf } from '../engine/index.ts';
import { type ParsedParameters, parseParameters } from '../src/core/parameters.ts';
import type { MessageActionRequest, RemotePicture } from '../src/core/request.ts';
import type { ChannelSettings } from '../src/core/settings.ts';
import { BadInputError } from '../src/errors.ts';
import type { CommandContext } from './context.ts';
import { formatImagine } from './format.ts';
import { abridge } from './limits.ts';
import { allowedModels } from './rules.ts';
import { resolveSpec } from './spec.ts';

/** Pictures of one message that are looked into. */
const MAX_PICTURES = 4;
const MAX_VARIATIONS = 16;

/** What a picture's file says of how it was made. */
export interface FoundRecipe {
  readonly text: string;
  /** Undefined when the text does not say all that is needed. */
  readonly parsed: ParsedParameters | undefined;
}

/** What is said in the files of a message's pictures. @throws EaselError when a picture cannot be had */
export async function readRecipes(
  { pictures, user }: Pick<MessageActionRequest, 'pictures' | 'user'>,
  context: CommandContext,
): Promise<readonly FoundRecipe[]> {
  const found: FoundRecipe[] = [];
  for (const picture of pictures.slice(0, MAX_PICTURES)) {
    const text = await context.readPictureText(picture, user);
    if (text !== undefined) found.push({ text, parsed: parseParameters(text) });
  }
  return found;
}

/** Why nothing can be done with a message. */
export function noRecipe(pictures: readonly RemotePicture[]): BadInputError {
  return pictures.length === 0
    ? new BadInputError('no_picture', 'There is no picture on that message.')
    : new BadInputError(
        'no_recipe',
        'That picture does not say how it was made; files by Easel and AUTOMATIC1111 do, unless they were saved anew.',
      );
}

export interface AdoptedSpec {
  readonly spec: GenerationSpec;
  /** What is other than the file says. */
  readonly notes: readonly string[];
}

/**
 * The generation that a file describes, as this Easel can run it: before any enlarging, by the model of that name, or
 * else by the channel's default. A file may say anything, so every value passes the checks of /imagine.
 * @throws BadInputError naming what cannot be done here
 */
export function adoptRecipe(
  { recipe, modelTitle }: ParsedParameters,
  rules: ChannelSettings,
  context: CommandContext,
): AdoptedSpec {
  const written = specOf(recipe);
  if (written.init !== undefined) {
    throw new BadInputError(
      'needs_init',
      'That picture began from another one, which its file does not hold; give that to `/imagine --init`.',
    );
  }
  if (written.variations.length > MAX_VARIATIONS || !written.variations.every(isPossible)) {
    throw new BadInputError('bad_recipe', 'That file names variations that cannot be; use `/imagine` with its prompt.');
  }
  const known = modelNamed(modelTitle, context.engine);
  const model = known ?? allowedModels(context.engine, rules)[0] ?? context.engine.defaultModel;
  const spec = resolveSpec({ text: formatImagine({ ...written, model }), options: {} }, context);
  const note = `The file names the model ${abridge(modelTitle)}, which is not here; ${model} drew this.`;
  return { spec: { ...spec, variations: written.variations }, notes: known === undefined ? [note] : [] };
}

function isPossible({ seed, strength }: GenerationSpec['variations'][number]): boolean {
  return Number.isInteger(seed) && seed >= 0 && seed <= SPEC_LIMITS.maxSeed && strength >= 0 && strength <= 1;
}

function modelNamed(title: string, { models }: EngineDescription): string | undefined {
  const sought = title.toLowerCase();
  return models.find((model) => [model.id, model.title].some((name) => name.toLowerCase() === sought))?.id;
}
