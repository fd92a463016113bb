import { LRUCache } from 'lru-cache';

const REMEMBERED = 5000;

/** Ids of the latest events, by which an event that a platform delivers again is known. */
export interface RecentIds {
  /** True once for each id. */
  isNew(id: string): boolean;
}

/** Keeps the latest 5000 ids. */
export function createRecentIds(): RecentIds {
  const ids = new LRUCache<string, true>({ max: REMEMBERED });
  return {
    isNew: (id) => {
      if (ids.has(id)) return false;
      ids.set(id, true);
      return true;
    },
  };
}
