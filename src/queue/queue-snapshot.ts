import type { EngineTask } from '../../engine/index.ts';
import { picturesOf } from './cost.ts';
import type { Ahead, OthersAhead, QueuePosition } from './port.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Milliseconds that a task takes of a whole device; undefined when nothing like it was measured. */
export type Estimate = (task: EngineTask) => number | undefined;

/** The queue at one moment, sorted once for all the questions until it changes. */
export interface QueueSnapshot {
  /** Running first, then in the order they will start. */
  readonly order: readonly QueueEntry[];
  readonly waiting: readonly QueueEntry[];
  position(jobId: string): QueuePosition | undefined;
  /**
   * Who begins before a waiting job and why, from the tags alone.
   * @param begun the virtual time at which the begun work of its owner ends
   */
  ahead(entry: QueueEntry, begun: number): Ahead | undefined;
}

/** @param devices that draw side by side */
export function createQueueSnapshot(entries: readonly QueueEntry[], estimate: Estimate, devices = 1): QueueSnapshot {
  const running = entries.filter(({ phase }) => phase === 'running');
  const waiting = entries
    .filter(({ phase }) => phase === 'waiting')
    .sort((a, b) => a.start - b.start || a.sequence - b.sequence);
  const leftMs = (entry: QueueEntry) => scale(estimate(entry.job.task), 1 - entry.done);
  const beside = (device: number) => running.filter((entry) => entry.device === device);
  const leftOf = (device: number) =>
    beside(device).reduce<number | undefined>((sum, entry) => add(sum, leftMs(entry)), 0);
  /** By job id, of those that wait: their index, and the milliseconds until they are done. */
  const positions = new Map<string, { readonly index: number; readonly untilDoneMs: number | undefined }>();
  /** When each device is free. Each job that waits is taken by the one that is free first. */
  const free = Array.from({ length: devices }, (_, device) => leftOf(device));
  for (const [index, entry] of waiting.entries()) {
    const device = firstFree(free);
    const untilDoneMs = add(free[device], estimate(entry.job.task));
    free[device] = untilDoneMs;
    positions.set(entry.job.id, { index, untilDoneMs });
  }

  /** Jobs that run share every step: one of them ends when its own steps are done, at the latest when all are. */
  function runningEta(entry: QueueEntry): number | undefined {
    const load = beside(entry.device).reduce((sum, other) => sum + other.load, 0);
    const shared = scale(leftMs(entry), load / entry.load);
    const all = leftOf(entry.device);
    return shared === undefined || all === undefined ? shared : Math.min(shared, all);
  }

  return {
    order: [...running, ...waiting],
    waiting,
    position: (jobId) => {
      const position = positions.get(jobId);
      if (position !== undefined) return withEta(position.index + 1, position.untilDoneMs);
      const entry = running.find(({ job }) => job.id === jobId);
      return entry && withEta(0, runningEta(entry));
    },
    ahead: (entry, begun) => {
      const index = positions.get(entry.job.id)?.index;
      if (index === undefined) return undefined;
      const before = waiting.slice(0, index);
      const by = (why: Reason) => before.filter((other) => reasonOf(other, entry, begun) === why);
      return {
        own: by('own').length,
        hadLess: othersIn(by('hadLess')),
        turns: othersIn(by('turns')),
        cameFirst: othersIn(by('cameFirst')),
        weighted: [entry, ...before].some(({ job }) => (job.weight ?? 1) !== 1),
      };
    },
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
