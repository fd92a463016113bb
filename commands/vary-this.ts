import { encodeButtonId } from '../src/core/button.ts';
import type { Job } from '../src/core/job.ts';
import { text } from '../src/core/reply.ts';
import type { MessageActionRequest } from '../src/core/request.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { CommandContext, MessageAction } from './context.ts';
import { adoptRecipe, noRecipe, readRecipes } from './foreign-recipe.ts';
import { jobOfMessage } from './message-job.ts';
import { privateButton, privately } from './replies.ts';
import { submit, submitPressed } from './submit.ts';
import { STRENGTHS, variationOf } from './vary.ts';

/** Variations of the picture on any message: by its job while that is kept, else by what its file says. */
export const varyThis: MessageAction = {
  description: { action: 'vary', title: 'Vary this' },
  async run(request, context) {
    const job = await jobOfMessage(request, context);
    return job === undefined ? varyFile(request, context) : varyJob(request, job, context);
  },
};

async function varyJob(request: MessageActionRequest, job: Job, context: CommandContext): Promise<DispatchResult> {
  if (job.pictures.length > 1) {
    const buttons = [...job.pictures.keys()].map((index) =>
      privateButton(
        encodeButtonId({ action: 'vary', jobId: job.id, index }),
        `V${index + 1}`,
        `Vary picture ${index + 1}`,
      ),
    );
    return privately([[text('Which of them?')]], [buttons]);
  }
  return submitPressed(request, job, 0, await variationOf(job, 0, STRENGTHS.normal, context), context);
}

async function varyFile(request: MessageActionRequest, context: CommandContext): Promise<DispatchResult> {
  const found = await readRecipes(request.pictures, context);
  const parsed = found.find((recipe) => recipe.parsed !== undefined)?.parsed;
  if (parsed === undefined) throw noRecipe(request.pictures);
  const rules = await context.settings.ofChannel(request.channel);
  const { spec, notes } = adoptRecipe(parsed, rules, context);
  const { count = context.defaults.count } = await context.settings.ofUser(request.user);
  const variations = [...spec.variations, { seed: context.randomSeed(), strength: STRENGTHS.normal }];
  return submit(
    request,
    { kind: 'generate', spec: { ...spec, count, variations } },
    { parentMessage: request.message, ...(notes.length > 0 && { notes }) },
    context,
  );
}
