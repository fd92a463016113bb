import { specOf } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { isCancellable } from '../../src/core/job-state.ts';
import { type RichText, strong, text } from '../../src/core/reply.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { ButtonHandler, Command, CommandContext } from '../context.ts';
import { shorten } from '../parsing/limits.ts';
import { POSTED, privateReply } from '../replies.ts';
import { refuseDeleted, requireOwnerOrModerator } from './job-pictures.ts';

const PROMPT_LENGTH = 60;

/** Ends the newest of the person's own jobs that are not shown yet, or all of them. */
export const cancel: Command = {
  description: {
    name: 'cancel',
    description: 'Cancel your newest waiting or running picture, or all of them',
    options: [
      {
        name: 'which',
        aliases: [],
        description: 'all for all of them; leave out for the newest',
        type: 'string',
        required: false,
        freeText: true,
        choices: ['newest', 'all'],
        example: 'all',
      },
    ],
  },
  async run(request, context) {
    const which = readWhich(request.text, request.options.which);
    const plan = async () => {
      const newestFirst = (await context.queue.cancellable(request.user)).map(({ id }) => id);
      return which === 'all' ? newestFirst : newestFirst.slice(0, 1);
    };
    return context.runOnce(request, plan, (jobIds) => cancelAll(jobIds, context));
  },
};

async function cancelAll(jobIds: readonly string[], context: CommandContext): Promise<DispatchResult> {
  const lines: RichText[] = [];
  for (const jobId of jobIds) {
    const job = await context.queue.cancel(jobId);
    if (job?.state !== 'cancelled') continue;
    lines.push([text('Cancelled '), strong(shorten(specOf(job.task).prompt, PROMPT_LENGTH)), text('.')]);
  }
  return privateReply(lines.length > 0 ? lines : [[text('You have no waiting or running pictures to cancel.')]]);
}

/** The button on a job that is not shown yet, for its author and for moderators. */
export const cancelPressed: ButtonHandler = {
  async run(request, job, _index, context) {
    refuseDeleted(job);
    requireOwnerOrModerator(job, request, 'cancel');
    const ended = isCancellable(job) ? await context.queue.cancel(job.id) : undefined;
    if (ended?.state === 'cancelled') return POSTED;
    throw new BadInputError('already_ended', 'That picture is no longer being made; there is nothing to cancel.');
  },
};

function readWhich(typedText: string, typedOption: unknown): 'newest' | 'all' {
  const typed = String(typedOption ?? typedText).trim();
  switch (typed.toLowerCase()) {
    case '':
    case 'newest':
      return 'newest';
    case 'all':
      return 'all';
    default:
      throw new BadInputError(
        'unknown_choice',
        `\`${shorten(typed)}\` cannot be cancelled; use \`/cancel\` for your newest picture or \`/cancel all\`.`,
      );
  }
}
