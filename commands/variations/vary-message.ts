import { encodeButtonId } from '../../src/core/button.ts';
import type { Job } from '../../src/core/job.ts';
import { text } from '../../src/core/reply.ts';
import type { MessageActionRequest } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { CommandContext, MessageAction } from '../context.ts';
import { submitPressed } from '../imagine/submit.ts';
import { jobOfMessage } from '../jobs/message-job.ts';
import { privateButton, privateReply } from '../replies.ts';
import { STRENGTHS, variationOf } from './vary.ts';
import { varyByRecipe } from './vary-by-recipe.ts';

/** Variations of the picture on any message: by its job while that is kept, else by what its file says. */
export const varyThis: MessageAction = {
  description: { action: 'vary', title: 'Vary this' },
  async run(request, context) {
    const job = await jobOfMessage(request, context);
    return job === undefined ? varyByRecipe(request, context) : varyJob(request, job, context);
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
    return privateReply([[text('Which picture?')]], [buttons]);
  }
  return submitPressed(request, job, 0, await variationOf(job, 0, STRENGTHS.normal, context), context);
}
