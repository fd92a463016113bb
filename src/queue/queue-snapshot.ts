import type { Job } from '../core/job.ts';
import { isPending } from '../core/job-state.ts';
import { isSameUser } from '../core/user.ts';
import { picturesOf } from './cost.ts';
import type { Ahead, OthersAhead, QueuedJob, QueuePosition, SnapshotQuery } from './port.ts';
import { jobsSharing, type QueueEntry } from './queue-entry.ts';

/** The queue at one moment. */
export interface QueueOrder {
  /** In the order they began. */
  readonly running: readonly QueueEntry[];
  /** In the order they will start. */
  readonly waiting: readonly QueueEntry[];
  /** That draw side by side. */
  readonly devices: number;
  /** What draws a job, or will. */
  readonly entryOf: (jobId: string) => QueueEntry | undefined;
  /** The virtual time at which the begun work of a user ends. */
  readonly begunOf: (user: string) => number;
}

/** What is known of the jobs that are asked for; nothing is estimated beyond the last of them. */
export function describeJobs(order: QueueOrder, query: SnapshotQuery): readonly QueuedJob[] {
  const { jobs, owner, first = Number.POSITIVE_INFINITY, explain = false } = query;
  const ids = jobs && new Set(jobs);
  const entries = jobs && new Set(jobs.map(order.entryOf));
  const most = Math.min(first, ids?.size ?? first);
  const isWanted = (job: Job) =>
    (ids?.has(job.id) ?? true) && (owner === undefined || isSameUser(job.owner, owner)) && isPending(job);

  const found: QueuedJob[] = [];
  for (const { entry, place } of most > 0 ? placesIn(order) : []) {
    for (const job of entries === undefined || entries.has(entry) ? jobsSharing(entry) : []) {
      if (!isWanted(job)) continue;
      const ahead = explain && job === entry.job ? aheadOf(entry, place.position, order) : undefined;
      found.push({ job, place, ...(ahead !== undefined && { ahead }) });
    }
    if (found.length >= most) return found.slice(0, most);
  }
  return found;
}

/** @throws RangeError when it neither runs nor waits */
export function positionOf({ running, waiting, devices }: QueueOrder, entry: QueueEntry): QueuePosition {
  if (running.includes(entry)) return placeInEngine(entry, running);
  const doneAfter = createForecast(running, devices);
  let position = 0;
  for (const other of waiting) {
    const untilDoneMs = doneAfter(other);
    position += 1;
    if (other === entry) return withEta(position, untilDoneMs);
  }
  throw new RangeError(`neither runs nor waits: ${entry.job.id}`);
}

/** Running first, then those that wait. */
function* placesIn({ running, waiting, devices }: QueueOrder): Generator<{ entry: QueueEntry; place: QueuePosition }> {
  for (const entry of running) yield { entry, place: placeInEngine(entry, running) };
  const doneAfter = createForecast(running, devices);
  let position = 0;
  for (const entry of waiting) {
    position += 1;
    yield { entry, place: withEta(position, doneAfter(entry)) };
  }
}

/**
 * Takes those that wait in their order; each is drawn by the device that is free first.
 * @returns of each the milliseconds until it is done
 */
function createForecast(running: readonly QueueEntry[], devices: number): (entry: QueueEntry) => number | undefined {
  const free = Array.from({ length: devices }, (_, device) => leftOf(running.filter((one) => one.device === device)));
  return (entry) => {
    const device = devices === 1 ? 0 : firstFree(free);
    const untilDoneMs = add(free[device], entry.estimateMs());
    free[device] = untilDoneMs;
    return untilDoneMs;
  };
}

/** Jobs that run share every step: one of them ends when its own steps are done, at the latest when all are. */
function placeInEngine(entry: QueueEntry, running: readonly QueueEntry[]): QueuePosition {
  const beside = running.filter(({ device }) => device === entry.device);
  const load = beside.reduce((sum, other) => sum + other.load, 0);
  const shared = scale(leftMs(entry), load / entry.load);
  const all = leftOf(beside);
  return withEta(0, shared === undefined || all === undefined ? shared : Math.min(shared, all));
}

/** Milliseconds of a whole device. @param running on it */
function leftOf(running: readonly QueueEntry[]): number | undefined {
  return running.reduce<number | undefined>((sum, entry) => add(sum, leftMs(entry)), 0);
}

function leftMs(entry: QueueEntry): number | undefined {
  return scale(entry.estimateMs(), 1 - entry.done);
}

/** Who begins before a waiting job and why, from the tags alone; undefined of one that runs. */
function aheadOf(entry: QueueEntry, position: number, { waiting, begunOf }: QueueOrder): Ahead | undefined {
  if (position === 0) return undefined;
  const before = waiting.slice(0, position - 1);
  const begun = begunOf(entry.user);
  const by = (why: Reason) => before.filter((other) => reasonOf(other, entry, begun) === why);
  return {
    own: by('own').length,
    hadLess: othersIn(by('hadLess')),
    turns: othersIn(by('turns')),
    cameFirst: othersIn(by('cameFirst')),
    weighted: [entry, ...before].some(({ job }) => (job.weight ?? 1) !== 1),
  };
}

/** The index of the earliest; of unknown ones the first, for what follows it is unknown, too. */
function firstFree(free: readonly (number | undefined)[]): number {
  const unknown = free.indexOf(undefined);
  return unknown >= 0 ? unknown : free.indexOf(Math.min(...free.map((ms) => ms ?? 0)));
}

type Reason = 'own' | 'hadLess' | 'turns' | 'cameFirst';

/**
 * Why `other` begins before `entry`. A tag later than the floor is the end of its owner's earlier work. An earlier tag of
 * another is then the end of less work, counted from when the later of the two began to ask: less than what has begun
 * already, or else less than that and what still waits.
 */
function reasonOf(other: QueueEntry, entry: QueueEntry, begun: number): Reason {
  if (other.user === entry.user) return 'own';
  if (entry.start <= entry.floor || other.start >= entry.start) return 'cameFirst';
  return other.start < begun ? 'hadLess' : 'turns';
}

function othersIn(entries: readonly QueueEntry[]): OthersAhead {
  return {
    people: new Set(entries.map(({ user }) => user)).size,
    pictures: entries.reduce((sum, { job }) => sum + picturesOf(job.task), 0),
  };
}

function withEta(position: number, etaMs: number | undefined): QueuePosition {
  return etaMs === undefined ? { position } : { position, etaMs };
}

function add(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function scale(ms: number | undefined, factor: number): number | undefined {
  return ms === undefined ? undefined : ms * factor;
}
