import type { Keyv, KeyvStoreAdapter } from 'keyv';
import type { Job } from '../core/job.ts';
import { isShowable } from '../core/job-state.ts';
import { type User, userKey } from '../core/user.ts';
import { openNamespace } from './namespace.ts';
import type { Gallery } from './port.ts';

/** What each person made and starred and can be shown, by name; follows the jobs as they are written. */
export interface UserGallery {
  /** Takes a job from where it stood and puts it where it stands; undefined stands nowhere. Asks for all of it at once. */
  move(job: Job | undefined, before: Job | undefined): Promise<void>;
  /** Ids, the newest job first. */
  list(user: Pick<User, 'platform' | 'id'>, gallery: Gallery): Promise<readonly string[]>;
}

interface Place {
  readonly gallery: Gallery;
  readonly person: string;
}

/** Milliseconds since the epoch stay below it for centuries; a newer job's key sorts before an older one's. */
const LAST_MOMENT = 1e14;

/**
 * One namespace a person and shelf, one entry a job.
 * @param createAdapter a fresh adapter on the same store for each namespace
 */
export function createUserGallery(createAdapter: () => KeyvStoreAdapter): UserGallery {
  /** A person's id may hold what separates keys. */
  const open = ({ gallery, person }: Place): Keyv<true> =>
    openNamespace<true>(`${gallery}:${encodeURIComponent(person)}`, createAdapter());

  return {
    move: async (job, before) => {
      const put = newPlaces(job, before).map(([place, key]) => open(place).set(key, true));
      const taken = newPlaces(before, job).map(([place, key]) => open(place).delete(key));
      await Promise.all([...put, ...taken]);
    },
    list: async (user, gallery) => {
      const jobIds: string[] = [];
      for await (const [key] of open({ gallery, person: userKey(user) }).iterator?.({}) ?? []) {
        jobIds.push(String(key).slice(String(key).indexOf('-') + 1));
      }
      return jobIds;
    },
  };
}

function placesOf(job: Job | undefined): Place[] {
  if (job === undefined || !isShowable(job)) return [];
  const starred = (job.starred ?? []).map((person): Place => ({ gallery: 'starred', person }));
  return [{ gallery: 'made', person: userKey(job.owner) }, ...starred];
}

/** Where `job` stands and `before` did not, and under which key. */
function newPlaces(job: Job | undefined, before: Job | undefined): (readonly [place: Place, key: string])[] {
  if (job === undefined) return [];
  const known = placesOf(before);
  const isNew = ({ gallery, person }: Place) => !known.some((one) => one.gallery === gallery && one.person === person);
  return placesOf(job)
    .filter(isNew)
    .map((place) => [place, keyOf(job)]);
}

function keyOf(job: Job): string {
  return `${String(LAST_MOMENT - job.createdAt).padStart(15, '0')}-${job.id}`;
}
