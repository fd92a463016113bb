import { BadInputError } from '../../src/core/errors.ts';
import { isPending } from '../../src/core/job-state.ts';
import type { ButtonHandler } from '../context.ts';
import { POSTED } from '../replies.ts';
import { refuseDeleted, requireOwnerOrModerator } from './job-pictures.ts';

/** The button of the author and moderators: deletes the message and its pictures. */
export const deletePressed: ButtonHandler = {
  async run(request, job, _index, context) {
    refuseDeleted(job);
    requireOwnerOrModerator(job, request, 'delete');
    if (isPending(job)) throw new BadInputError('still_pending', 'That picture is still being made; cancel it first.');
    await context.deleteJob(job);
    return POSTED;
  },
};
