import { type GenerationSpec, specOf } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { Job, StoredPicture } from '../../src/core/job.ts';
import type { Request } from '../../src/core/request.ts';
import { isSameUser } from '../../src/core/user.ts';
import type { CommandContext } from '../context.ts';

/** @throws BadInputError when its author deleted it */
export function refuseDeleted(job: Job): void {
  if (job.deleted !== true) return;
  throw new BadInputError('deleted', 'That picture was deleted; use `/imagine` to make a new one.');
}

/** @throws BadInputError unless whoever asks made the job's request or moderates the channel */
export function requireOwnerOrModerator(job: Job, { user, isModerator }: Request, verb: 'cancel' | 'delete'): void {
  if (isModerator || isSameUser(job.owner, user)) return;
  throw new BadInputError('not_yours', `Only ${job.owner.name}, who requested it, and moderators can ${verb} this.`);
}

/**
 * The finished picture whose button was pressed.
 * @throws BadInputError when it is deleted, not finished or was never made
 */
export function findPicture(job: Job, index: number): StoredPicture {
  refuseDeleted(job);
  const picture = job.pictures[index];
  if (picture !== undefined) return picture;
  throw new BadInputError('no_picture', whyMissing(job, index));
}

function whyMissing(job: Job, index: number): string {
  switch (job.state) {
    case 'queued':
    case 'running':
      return 'That picture is not finished yet; press again when it is.';
    case 'failed':
    case 'cancelled':
      return 'That picture was never finished; press 🔄 or use `/imagine` to make it again.';
    case 'rendered':
    case 'delivered':
      return `There is no picture ${index + 1} here; this one has ${job.pictures.length}.`;
  }
}

/** The generation a job goes back to, with as many pictures as the grid it began in; an enlargement alone says 1. */
export async function gridSpec(job: Job, context: CommandContext): Promise<GenerationSpec> {
  if (job.task.kind === 'generate') return job.task.spec;
  const parent = job.parent === undefined ? undefined : await context.findJob(job.parent.jobId);
  const count = parent === undefined ? context.defaults.count : (await gridSpec(parent, context)).count;
  return { ...specOf(job.task), count };
}
