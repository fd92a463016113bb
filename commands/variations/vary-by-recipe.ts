import { singleRecipe, specOf } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import { sizeOf } from '../../src/core/picture-size.ts';
import { type CandidateChoice, encodeCandidateChoice, type RecipeCandidate } from '../../src/core/recipe-candidates.ts';
import { type ReplyButton, text } from '../../src/core/reply.ts';
import type { ButtonRequest, MessageActionRequest, Request } from '../../src/core/request.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { CommandContext } from '../context.ts';
import { maxPictures } from '../imagine/size.ts';
import { submit } from '../imagine/submit.ts';
import { adoptRecipe, type EmbeddedRecipe, noRecipe, readEmbeddedRecipes } from '../recipes/embedded-recipe.ts';
import { privateButton, privateReply } from '../replies.ts';
import { STRENGTHS } from './vary.ts';

/** A choice is open for this long. */
const REMEMBERED_MS = 24 * 60 * 60_000;
/** Discord's and Slack's rows hold more; a grid's V1–V4 stand in one. */
const ROW_LENGTH = 4;

/** Variations of a picture that no job is kept for, by what its file says; of several the person chooses one. */
export async function varyByRecipe(request: MessageActionRequest, context: CommandContext): Promise<DispatchResult> {
  const found = await readEmbeddedRecipes(request, context);
  const rules = await context.settings.ofChannel(request.channel);
  const pictures = adoptAll(found, rules, context);
  const [only] = pictures;
  if (only === undefined) throw noRecipe(request.pictures);
  if (pictures.length === 1) return submitCandidate(request, only, request.message, rules, context);
  const candidatesId = jobIdOf(request.user.platform, request.id);
  const now = Date.now();
  await context.recipeCandidates.prune(({ foundAt }) => foundAt < now - REMEMBERED_MS);
  await context.recipeCandidates.set(candidatesId, { message: request.message, pictures, foundAt: now });
  return privateReply([[text('Which picture?')]], choices(candidatesId, pictures.length));
}

/** One of several was chosen. @throws BadInputError when that was too long ago */
export async function candidatePressed(
  request: ButtonRequest,
  { candidatesId, index }: CandidateChoice,
  context: CommandContext,
): Promise<DispatchResult> {
  const found = await context.recipeCandidates.get(candidatesId);
  const picture = found?.pictures[index];
  if (found === undefined || picture === undefined || found.message.channel.platform !== request.channel.platform) {
    throw new BadInputError('choice_over', 'This choice has expired; choose *Vary this* on the message again.');
  }
  const rules = await context.settings.ofChannel(request.channel);
  return submitCandidate(request, picture, found.message, rules, context);
}

/** Every picture that the files hold. @throws BadInputError when none of them can be drawn here, why the first cannot */
function adoptAll(
  found: readonly EmbeddedRecipe[],
  rules: ChannelSettings,
  context: CommandContext,
): readonly RecipeCandidate[] {
  const refused: BadInputError[] = [];
  const adopted = found.flatMap(({ parsed }): RecipeCandidate[] => {
    if (parsed === undefined) return [];
    try {
      const { spec, notes: further, modelMissing } = adoptRecipe(parsed, rules, context);
      const notes = modelMissing === undefined ? further : [`${modelMissing}; ${spec.model} is used.`, ...further];
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

async function submitCandidate(
  request: Request,
  { spec, notes }: RecipeCandidate,
  parentMessage: MessageActionRequest['message'],
  rules: ChannelSettings,
  context: CommandContext,
): Promise<DispatchResult> {
  const { count: usual = context.defaults.count } = await context.settings.ofUser(request.user);
  const count = Math.min(usual, maxPictures(sizeOf({ kind: 'generate', spec })));
  const variations = [...spec.variations, { seed: context.randomSeed(), strength: STRENGTHS.normal }];
  return submit(
    request,
    { kind: 'generate', spec: { ...spec, count, variations } },
    { parentMessage, ...(notes.length > 0 && { notes }) },
    rules,
    context,
  );
}

function choices(candidatesId: string, count: number): readonly (readonly ReplyButton[])[] {
  const buttons = Array.from({ length: count }, (_, index) =>
    privateButton(encodeCandidateChoice({ candidatesId, index }), `V${index + 1}`, `Vary picture ${index + 1}`),
  );
  const rows = Math.ceil(count / ROW_LENGTH);
  return Array.from({ length: rows }, (_, row) => buttons.slice(row * ROW_LENGTH, (row + 1) * ROW_LENGTH));
}
