import { singleRecipe, specOf } from '../engine/index.ts';
import { encodeFoundChoice, type FoundChoice, type FoundPicture } from '../src/core/found.ts';
import { jobIdOf } from '../src/core/job-id.ts';
import { sizeOf } from '../src/core/picture-size.ts';
import { type ReplyButton, text } from '../src/core/reply.ts';
import type { ButtonRequest, MessageActionRequest, Request } from '../src/core/request.ts';
import { BadInputError } from '../src/errors.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { CommandContext } from './context.ts';
import { adoptRecipe, type FoundRecipe, noRecipe, readRecipes } from './foreign-recipe.ts';
import { privateButton, privately } from './replies.ts';
import { mostPictures } from './size.ts';
import { submit } from './submit.ts';
import { STRENGTHS } from './vary.ts';

/** A choice is open for this long. */
const REMEMBERED_MS = 24 * 60 * 60_000;
/** Discord's and Slack's rows hold more; a grid's V1–V4 stand in one. */
const ROW_LENGTH = 4;

/** Variations of a picture that no job is kept for, by what its file says; of several the person chooses one. */
export async function varyFound(request: MessageActionRequest, context: CommandContext): Promise<DispatchResult> {
  const found = await readRecipes(request, context);
  const pictures = await adoptAll(found, request, context);
  const [only] = pictures;
  if (only === undefined) throw noRecipe(request.pictures);
  if (pictures.length === 1) return submitFound(request, only, request.message, context);
  const foundId = jobIdOf(request.user.platform, request.id);
  const now = Date.now();
  await context.found.prune(({ foundAt }) => foundAt < now - REMEMBERED_MS);
  await context.found.set(foundId, { message: request.message, pictures, foundAt: now });
  return privately([[text('Which of them?')]], choices(foundId, pictures.length));
}

/** One of several was chosen. @throws BadInputError when that was too long ago */
export async function foundPressed(
  request: ButtonRequest,
  { foundId, index }: FoundChoice,
  context: CommandContext,
): Promise<DispatchResult> {
  const found = await context.found.get(foundId);
  const picture = found?.pictures[index];
  if (found === undefined || picture === undefined || found.message.channel.platform !== request.channel.platform) {
    throw new BadInputError('choice_over', 'This choice is no longer open; choose *Vary this* on the message again.');
  }
  return submitFound(request, picture, found.message, context);
}

/** Every picture that the files hold. @throws BadInputError when none of them can be drawn here, why the first cannot */
async function adoptAll(
  found: readonly FoundRecipe[],
  request: Request,
  context: CommandContext,
): Promise<readonly FoundPicture[]> {
  const rules = await context.settings.ofChannel(request.channel);
  const refused: BadInputError[] = [];
  const adopted = found.flatMap(({ parsed }): FoundPicture[] => {
    if (parsed === undefined) return [];
    try {
      const { spec, notes: further, modelMissing } = adoptRecipe(parsed, rules, context);
      const notes = modelMissing === undefined ? further : [`${modelMissing}; ${spec.model} drew this.`, ...further];
      const singles = Array.from({ length: spec.count }, (_, index) => specOf(singleRecipe(spec, index)));
      return singles.map((single) => ({ spec: single, notes }));
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      refused.push(error);
      return [];
    }
  });
  if (adopted.length === 0 && refused[0] !== undefined) throw refused[0];
  return adopted;
}

async function submitFound(
  request: Request,
  { spec, notes }: FoundPicture,
  parentMessage: MessageActionRequest['message'],
  context: CommandContext,
): Promise<DispatchResult> {
  const { count: usual = context.defaults.count } = await context.settings.ofUser(request.user);
  const count = Math.min(usual, mostPictures(sizeOf({ kind: 'generate', spec })));
  const variations = [...spec.variations, { seed: context.randomSeed(), strength: STRENGTHS.normal }];
  return submit(
    request,
    { kind: 'generate', spec: { ...spec, count, variations } },
    { parentMessage, ...(notes.length > 0 && { notes }) },
    context,
  );
}

function choices(foundId: string, count: number): readonly (readonly ReplyButton[])[] {
  const buttons = Array.from({ length: count }, (_, index) =>
    privateButton(encodeFoundChoice({ foundId, index }), `V${index + 1}`, `Vary picture ${index + 1}`),
  );
  const rows = Math.ceil(count / ROW_LENGTH);
  return Array.from({ length: rows }, (_, row) => buttons.slice(row * ROW_LENGTH, (row + 1) * ROW_LENGTH));
}
