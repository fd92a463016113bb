import { specOf } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { ParsedParameters } from '../../src/core/parse-parameters.ts';
import { code, type RichText, text } from '../../src/core/reply.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { CommandContext, MessageAction } from '../context.ts';
import { jobOfMessage } from '../jobs/message-job.ts';
import { shorten } from '../parsing/limits.ts';
import { privateReply } from '../replies.ts';
import { adoptRecipe, type EmbeddedRecipe, noRecipe, readEmbeddedRecipes } from './embedded-recipe.ts';
import { describeJobRecipe, describeSeeds } from './recipe.ts';
import { describeRecipe } from './recipe-lines.ts';

const MAX_TEXT_SHOWN = 1500;

/** How the pictures on any message were made: by their job while that is kept, else by what their files say. */
export const showRecipe: MessageAction = {
  description: { action: 'recipe', title: 'Show recipe' },
  async run(request, context) {
    const job = await jobOfMessage(request, context);
    if (job !== undefined) return privateReply(describeJobRecipe(job, context));
    const found = await readEmbeddedRecipes(request, context);
    if (found.length === 0) throw noRecipe(request.pictures);
    const rules = await context.settings.ofChannel(request.channel);
    return privateReply(found.flatMap((recipe) => describeFound(recipe, rules, context)));
  },
};

function describeFound(
  { text: written, parsed }: EmbeddedRecipe,
  rules: ChannelSettings,
  context: CommandContext,
): RichText[] {
  if (parsed === undefined) {
    return [
      [text('Easel cannot read these generation parameters, so it cannot repeat the picture:')],
      [code(shorten(written, MAX_TEXT_SHOWN))],
    ];
  }
  const { recipe, modelTitle = '' } = parsed;
  const { count, variations } = specOf(recipe);
  const { spec, notes } = adoptIfPossible(parsed, rules, context);
  const again = spec && { spec, knowsModel: true };
  return [
    ...describeRecipe(recipe, modelTitle, again),
    ...(count > 1 ? [describeSeeds(variations.length > 0)] : []),
    ...notes.map((note) => [text(note)]),
  ];
}

/** What *Vary this* would make of it, with what is other than the file says; or why nothing can be made of it. */
function adoptIfPossible(parsed: ParsedParameters, rules: ChannelSettings, context: CommandContext) {
  try {
    const { spec, notes, modelMissing } = adoptRecipe(parsed, rules, context);
    const model = modelMissing === undefined ? [] : [`${modelMissing}; the command names ${spec.model}.`];
    return { spec, notes: [...model, ...notes] };
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    return { spec: undefined, notes: [`It cannot be drawn again here: ${error.userMessage}`] };
  }
}
