import { isPending } from '../src/core/job-state.ts';
import { BadInputError } from '../src/errors.ts';
import type { ButtonHandler } from './context.ts';
import { refuseDeleted, refuseOthers } from './picture.ts';
import { POSTED } from './replies.ts';

/** The author's and the moderators' button: the message and its pictures go. */
export const deletePressed: ButtonHandler = {
  async run(request, job, _index, context) {
    refuseDeleted(job);
    refuseOthers(job, request, 'delete');
    if (isPending(job)) throw new BadInputError('still_pending', 'That picture is still being made; cancel it first.');
    await context.deleteJob(job);
    return POSTED;
  },
};
