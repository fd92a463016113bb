import { specOf } from '../../engine/index.ts';
import { BadInputError, EaselError } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/job.ts';
import { isShowable } from '../../src/core/job-state.ts';
import type { Request } from '../../src/core/request.ts';
import { hasStarOf } from '../../src/core/star.ts';
import { isSameUser } from '../../src/core/user.ts';
import type { Gallery } from '../../src/store/port.ts';
import type { CommandContext } from '../context.ts';
import { shorten } from '../parsing/limits.ts';

const JOB_ID = /^[0-9a-z]{1,64}$/;

type Requester = Pick<Request, 'user' | 'channel'>;

/** The newest of a person's finished pictures, that one first; deleted ones are gone, damaged ones left out. */
export async function latestJobs(
  asker: Requester,
  gallery: Gallery,
  limit: number,
  context: CommandContext,
): Promise<readonly Job[]> {
  const jobIds = (await context.gallery(asker.user, gallery)).slice(0, limit);
  const jobs = await Promise.all(jobIds.map((jobId) => findUndamaged(jobId, context)));
  return jobs.flatMap((job) => (job !== undefined && isShowable(job) ? [job] : []));
}

async function findUndamaged(jobId: string, context: CommandContext): Promise<Job | undefined> {
  try {
    return await context.findJob(jobId);
  } catch (error) {
    if (error instanceof EaselError) return undefined;
    throw error;
  }
}

/**
 * The finished pictures that a person means: `''` the latest, `3` the third latest, or a job's id.
 * @throws BadInputError when there are none such that this person may see
 */
export async function findFinished(typed: string, request: Request, context: CommandContext): Promise<Job> {
  if (typed === '' || /^\d{1,4}$/.test(typed)) {
    const mine = await context.gallery(request.user, 'made');
    const place = typed === '' ? 1 : Number(typed);
    const job = await findAt(mine, place, context);
    if (job !== undefined) return job;
    throw new BadInputError('no_picture', describeMissing(place, mine.length));
  }
  const job = JOB_ID.test(typed) ? await context.findJob(typed) : undefined;
  if (job !== undefined && maySee(job, request) && isShowable(job)) return job;
  throw new BadInputError(
    'no_picture',
    `\`${shorten(typed)}\` is not one of your pictures; use \`/show\` for the latest, or \`/show 2\` for the one before.`,
  );
}

/** @param place from 1 */
export async function findAt(
  jobIds: readonly string[],
  place: number,
  context: CommandContext,
): Promise<Job | undefined> {
  const jobId = jobIds[place - 1];
  return jobId === undefined ? undefined : context.findJob(jobId);
}

/** Their own, what they starred, and what stands in the channel where they ask. */
export function maySee(job: Job, { user, channel }: Requester): boolean {
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
  return `${shorten(prompt, length - count.length - 3)} (${count})`;
}

function describeMissing(place: number, count: number): string {
  if (count === 0) return 'You have no finished pictures yet; `/imagine` makes one.';
  return `You have ${count} finished ${count === 1 ? 'picture' : 'pictures'}, so there is no number ${place}.`;
}
