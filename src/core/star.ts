import type { Job } from './job.ts';
import { type User, userKey } from './user.ts';

/** Whether this person starred the job. */
export function hasStarOf(job: Job, user: Pick<User, 'platform' | 'id'>): boolean {
  return job.starred?.includes(userKey(user)) ?? false;
}

/** The job with the person's star, or without it. */
export function setStar(job: Job, user: Pick<User, 'platform' | 'id'>, isStarred: boolean): Job {
  if (hasStarOf(job, user) === isStarred) return job;
  const { starred = [], ...rest } = job;
  const now = isStarred ? [...starred, userKey(user)] : starred.filter((person) => person !== userKey(user));
  return now.length === 0 ? rest : { ...rest, starred: now };
}
