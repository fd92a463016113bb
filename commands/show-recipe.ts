import { specOf } from '../engine/index.ts';
import { code, type RichText, text } from '../src/core/reply.ts';
import type { MessageAction } from './context.ts';
import { type FoundRecipe, noRecipe, readRecipes } from './foreign-recipe.ts';
import { abridge } from './limits.ts';
import { jobOfMessage } from './message-job.ts';
import { describeJobRecipe, describeSeeds } from './recipe.ts';
import { describeRecipe } from './recipe-lines.ts';
import { privately } from './replies.ts';

const MAX_TEXT_SHOWN = 1500;

/** How the pictures on any message were made: by their job while that is kept, else by what their files say. */
export const showRecipe: MessageAction = {
  description: { action: 'recipe', title: 'Show recipe' },
  async run(request, context) {
    const job = await jobOfMessage(request, context);
    if (job !== undefined) return privately(describeJobRecipe(job, context));
    const found = await readRecipes(request, context);
    if (found.length === 0) throw noRecipe(request.pictures);
    return privately(found.flatMap(describeFound));
  },
};

function describeFound({ text: written, parsed }: FoundRecipe): RichText[] {
  if (parsed !== undefined) {
    const lines = describeRecipe(parsed.recipe, parsed.modelTitle);
    const { count, variations } = specOf(parsed.recipe);
    return count > 1 ? [...lines, describeSeeds(variations.length > 0)] : lines;
  }
  return [
    [text('The file says, though not in a way that Easel could repeat:')],
    [code(abridge(written, MAX_TEXT_SHOWN))],
  ];
}
