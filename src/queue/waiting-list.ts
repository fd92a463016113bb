import type { Job } from '../core/job.ts';
import { type User, userKey } from '../core/user.ts';
import type { WaitingCounts } from './limits.ts';
import { jobsSharing, type QueueEntry } from './queue-entry.ts';

/**
 * The entries that wait, always in the order of their tags, and how many jobs each person has among them. To find a place
 * takes a binary search, so that a job costs about the same whether ten wait or ten thousand.
 */
export interface WaitingList {
  /** In the order of their tags. The list itself, and not a copy: it changes with every call. */
  readonly entries: readonly QueueEntry[];
  /** @param entry and those that follow it */
  add(entry: QueueEntry): void;
  remove(entry: QueueEntry): void;
  /** Gives an entry another tag. */
  move(entry: QueueEntry, start: number, sequence: number): void;
  /** A job follows an entry of the list from now on, or does so no more. */
  countFollower(job: Job, change: 1 | -1): void;
  /** Of all; followers count as much as those that they follow. */
  count(): number;
  counts(owner: Pick<User, 'platform' | 'id'>): WaitingCounts;
}

/** A list in which nobody waits. */
export function createWaitingList(): WaitingList {
  const entries: QueueEntry[] = [];
  const byUser = new Map<string, number>();
  let inAll = 0;

  function add({ owner }: Job, change: 1 | -1): void {
    const user = userKey(owner);
    const ofUser = (byUser.get(user) ?? 0) + change;
    if (ofUser === 0) byUser.delete(user);
    else byUser.set(user, ofUser);
    inAll += change;
  }

  function takeOut(entry: QueueEntry): void {
    const index = indexFor(entries, entry);
    if (entries[index] !== entry) throw new RangeError(`does not wait: ${entry.job.id}`);
    entries.splice(index, 1);
  }

  const putIn = (entry: QueueEntry) => void entries.splice(indexFor(entries, entry), 0, entry);

  return {
    entries,
    add: (entry) => {
      putIn(entry);
      for (const job of jobsSharing(entry)) add(job, 1);
    },
    remove: (entry) => {
      takeOut(entry);
      for (const job of jobsSharing(entry)) add(job, -1);
    },
    move: (entry, start, sequence) => {
      takeOut(entry);
      entry.start = start;
      entry.sequence = sequence;
      putIn(entry);
    },
    countFollower: add,
    count: () => inAll,
    counts: (owner) => ({ inAll, ofOwner: byUser.get(userKey(owner)) ?? 0 }),
  };
}

/** How many of the entries come before one; its own index when it is among them, as no two have the same sequence. */
function indexFor(entries: readonly QueueEntry[], { start, sequence }: QueueEntry): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = entries[middle];
    const isBefore = other !== undefined && (other.start - start || other.sequence - sequence) < 0;
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}
