import type { Job } from './job.ts';
import { type User, userKey } from './user.ts';

export function hasStarOf(job: Job, user: Pick<User, 'platform' | 'id'>): boolean {
  return job.starred?.includes(userKey(user)) ?? false;
}

/** The job with the person's star, or without it where it had one. */
export function toggleStar(job: Job, user: Pick<User, 'platform' | 'id'>): Job {
  const { starred = [], ...rest } = job;
  const others = starred.filter((person) => person !== userKey(user));
  const now = others.length === starred.length ? [...starred, userKey(user)] : others;
  return now.length === 0 ? rest : { ...rest, starred: now };
}
