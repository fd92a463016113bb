import { specOf } from '../engine/index.ts';
import type { Job } from '../src/core/job.ts';
import { isPending } from '../src/core/job-state.ts';
import type { Request } from '../src/core/request.ts';
import { hasStarOf } from '../src/core/star.ts';
import { isSameUser } from '../src/core/user.ts';
import { BadInputError } from '../src/errors.ts';
import type { Shelf } from '../src/store/port.ts';
import type { CommandContext } from './context.ts';
import { abridge } from './limits.ts';

/** How far back a person's pictures are looked through. */
const MAX_SEEN = 500;
const JOB_ID = /^[0-9a-z]{1,64}$/;

type Asker = Pick<Request, 'user' | 'channel'>;

/** A person's finished pictures, the newest first; deleted ones are gone. */
export async function finishedJobs(asker: Asker, shelf: Shelf, context: CommandContext): Promise<readonly Job[]> {
  const jobs = await context.shelf(asker.user, shelf, MAX_SEEN);
  return jobs.filter(isShowable);
}

/**
 * The finished pictures that a person means: `''` the latest, `3` the third latest, or a job's id.
 * @throws BadInputError when there are none such that this person may see
 */
export async function findFinished(typed: string, request: Request, context: CommandContext): Promise<Job> {
  const mine = await finishedJobs(request, 'made', context);
  if (typed === '' || /^\d{1,4}$/.test(typed)) {
    const place = typed === '' ? 1 : Number(typed);
    const job = mine[place - 1];
    if (job !== undefined) return job;
    throw new BadInputError('no_picture', describeMissing(place, mine.length));
  }
  const job = JOB_ID.test(typed) ? await context.findJob(typed) : undefined;
  if (job !== undefined && maySee(job, request) && isShowable(job)) return job;
  throw new BadInputError(
    'no_picture',
    `\`${abridge(typed)}\` is none of your pictures; use \`/show\` for the latest, or \`/show 2\` for the one before.`,
  );
}

/** Their own, what they starred, and what stands in the channel where they ask. */
export function maySee(job: Job, { user, channel }: Asker): boolean {
  const isHere =
    job.channel.platform === channel.platform &&
    job.channel.channelId === channel.channelId &&
    job.channel.threadId === channel.threadId;
  return isSameUser(job.owner, user) || isHere || hasStarOf(job, user);
}

/** For lists: its prompt, as much of it as fits, and how large it is. */
export function titleOf(job: Job, length: number): string {
  const { prompt, width, height } = specOf(job.task);
  const [first] = job.pictures;
  const size = `${first?.width ?? width}×${first?.height ?? height}`;
  const count = job.pictures.length > 1 ? `${job.pictures.length} of ${size}` : size;
  return `${abridge(prompt, length - count.length - 3)} (${count})`;
}

function isShowable(job: Job): boolean {
  return !isPending(job) && job.deleted !== true && job.pictures.length > 0;
}

function describeMissing(place: number, count: number): string {
  if (count === 0) return 'You have no finished pictures yet; `/imagine` makes one.';
  return `You have ${count} finished ${count === 1 ? 'picture' : 'pictures'}, so there is no number ${place}.`;
}
