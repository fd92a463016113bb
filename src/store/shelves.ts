import type { Keyv, KeyvStoreAdapter } from 'keyv';
import type { Job } from '../core/job.ts';
import { type User, userKey } from '../core/user.ts';
import { openNamespace } from './namespace.ts';
import type { Shelf } from './port.ts';

/** What each person made and starred, by name; follows the jobs as they are written. */
export interface Shelves {
  /** What `job` stands on and `before` did not. */
  add(job: Job, before: Job | undefined): Promise<void>;
  /** What `before` stood on and `job` does not; undefined stands nowhere. */
  remove(job: Job | undefined, before: Job | undefined): Promise<void>;
  /** Ids, the newest job first. */
  list(user: Pick<User, 'platform' | 'id'>, shelf: Shelf): Promise<readonly string[]>;
}

interface Place {
  readonly shelf: Shelf;
  readonly person: string;
}

/** Milliseconds since the epoch stay below it for centuries; a newer job's key sorts before an older one's. */
const LAST_MOMENT = 1e14;

/**
 * One namespace a person and shelf, one entry a job.
 * @param createAdapter a fresh adapter on the same store for each namespace
 */
export function createShelves(createAdapter: () => KeyvStoreAdapter): Shelves {
  /** A person's id may hold what separates keys. */
  const open = ({ shelf, person }: Place): Keyv<true> =>
    openNamespace<true>(`${shelf}:${encodeURIComponent(person)}`, createAdapter());

  return {
    add: async (job, before) => {
      for (const place of newPlaces(job, before)) await open(place).set(keyOf(job), true);
    },
    remove: async (job, before) => {
      if (before !== undefined) for (const place of newPlaces(before, job)) await open(place).delete(keyOf(before));
    },
    list: async (user, shelf) => {
      const jobIds: string[] = [];
      for await (const [key] of open({ shelf, person: userKey(user) }).iterator?.({}) ?? []) {
        jobIds.push(String(key).slice(String(key).indexOf('-') + 1));
      }
      return jobIds;
    },
  };
}

function placesOf(job: Job | undefined): Place[] {
  if (job === undefined) return [];
  const starred = (job.starred ?? []).map((person): Place => ({ shelf: 'starred', person }));
  return [{ shelf: 'made', person: userKey(job.owner) }, ...starred];
}

function newPlaces(job: Job, before: Job | undefined): Place[] {
  const known = placesOf(before);
  return placesOf(job).filter(
    ({ shelf, person }) => !known.some((one) => one.shelf === shelf && one.person === person),
  );
}

function keyOf(job: Job): string {
  return `${String(LAST_MOMENT - job.createdAt).padStart(15, '0')}-${job.id}`;
}
