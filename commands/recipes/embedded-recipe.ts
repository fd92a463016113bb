import { type EngineDescription, type GenerationSpec, specOf } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { type Fallback, type ParsedParameters, parseParameters } from '../../src/core/parse-parameters.ts';
import type { MessageActionRequest, RemotePicture } from '../../src/core/request.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { CommandContext } from '../context.ts';
import { allowedModels } from '../imagine/channel-rules.ts';
import { formatImagine } from '../imagine/format-prompt.ts';
import { parseImagine } from '../imagine/imagine-input.ts';
import { resolveSpec } from '../imagine/resolve-spec.ts';
import { shorten } from '../parsing/limits.ts';
import { fitSpec } from './fit-recipe.ts';

/** Pictures of one message that are looked into. */
const MAX_PICTURES = 4;

/** What a picture's file says of how it was made. */
export interface EmbeddedRecipe {
  readonly text: string;
  /** Undefined when the text does not say all that is needed. */
  readonly parsed: ParsedParameters | undefined;
}

/** What is said in the files of a message's pictures. @throws EaselError when a picture cannot be had */
export async function readEmbeddedRecipes(
  { pictures, user }: Pick<MessageActionRequest, 'pictures' | 'user'>,
  context: CommandContext,
): Promise<readonly EmbeddedRecipe[]> {
  const found: EmbeddedRecipe[] = [];
  for (const picture of pictures.slice(0, MAX_PICTURES)) {
    const text = await context.readPictureText(picture, user);
    if (text !== undefined) found.push({ text, parsed: parseParameters(text, fallbackOf(context)) });
  }
  return found;
}

/** Why nothing can be done with a message. */
export function noRecipe(pictures: readonly RemotePicture[]): BadInputError {
  return pictures.length === 0
    ? new BadInputError('no_picture', 'There is no picture on that message.')
    : new BadInputError(
        'no_recipe',
        'That picture has no generation parameters; files from Easel and AUTOMATIC1111 have them, unless another program saved them again.',
      );
}

/** A recipe from a file, within what this bot draws. */
export interface AdoptedSpec {
  readonly spec: GenerationSpec;
  /** What is other than the file says. */
  readonly notes: readonly string[];
  /** Why another model is used than the file's, without a full stop. */
  readonly modelMissing?: string;
}

/**
 * The generation that a file describes, as this Easel can run it: before any later enlarging, by the model of that name,
 * or else by the channel's default. A file may say anything, so every value is brought within bounds, with a note, and
 * passes the checks of /imagine.
 * @throws BadInputError naming what cannot be done here
 */
export function adoptRecipe(
  { recipe, modelTitle, notes }: ParsedParameters,
  rules: ChannelSettings,
  context: CommandContext,
): AdoptedSpec {
  const { init, ...written } = specOf(recipe);
  if (init !== undefined) {
    throw new BadInputError(
      'needs_init',
      'That picture was made from an init image, which its file does not contain; give that image to `/imagine --init`.',
    );
  }
  const fitted = fitSpec(written, context.engine.upscalers);
  const known = modelTitle === undefined ? undefined : modelNamed(modelTitle, context.engine);
  const model = known ?? allowedModels(context.engine, rules)[0] ?? context.engine.defaultModel;
  const input = parseImagine({ text: formatImagine({ ...fitted.spec, model }), options: {} }, context);
  const spec = resolveSpec(input, context);
  const missing =
    modelTitle === undefined
      ? 'The file has no model'
      : `The file names the model ${shorten(modelTitle)}, which is not available here`;
  return { spec, notes: [...notes, ...fitted.notes], ...(known === undefined && { modelMissing: missing }) };
}

/** What a file's picture is drawn with where the file does not say: the model's own defaults, and a random seed. */
function fallbackOf({ engine, randomSeed }: CommandContext): (modelTitle: string | undefined) => Fallback {
  return (modelTitle) => {
    const id = (modelTitle === undefined ? undefined : modelNamed(modelTitle, engine)) ?? engine.defaultModel;
    const model = engine.models.find((candidate) => candidate.id === id);
    if (model === undefined) throw new RangeError(`the model ${id} is not among the models`);
    const { width, height, steps, guidance, sampler } = model;
    return { width, height, steps, guidance, sampler, chooseSeed: randomSeed };
  };
}

/** By its id or title, or by the file that other programs name: with its folder, its extension and a hash behind it. */
function modelNamed(title: string, { models }: EngineDescription): string | undefined {
  const named = (write: (name: string) => string) =>
    models.find((model) => [model.id, model.title].some((name) => write(name) === write(title)))?.id;
  return named((name) => name.trim().toLowerCase()) ?? named(plainName);
}

const EXTENSION = /\.(?:safetensors|ckpt|sft|gguf|pt|pth|bin)$/;
/** `name.safetensors [6ce0161689]`, as AUTOMATIC1111 shows a checkpoint. */
const HASH = /\s*\[[0-9a-f]{6,64}\]$/;

function plainName(name: string): string {
  const file = name.trim().toLowerCase().split(/[\\/]/).at(-1) ?? '';
  return file.replace(HASH, '').replace(EXTENSION, '');
}
