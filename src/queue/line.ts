import type { Job } from '../core/job.ts';
import { type User, userKey } from '../core/user.ts';
import type { WaitingCounts } from './limits.ts';
import type { Pace } from './pace.ts';
import type { QueuePlace } from './port.ts';

/** A job the queue holds in memory, from its acceptance until it leaves the engine. */
export interface Entry {
  job: Job;
  readonly cost: number;
  /** The fair clock's start tag; `turn` orders equal tags as they came. */
  start: number;
  turn: number;
  phase: 'waiting' | 'running';
  /** It had begun before the process died. */
  readonly resumed: boolean;
  /** Share of the work done, 0–1. */
  done: number;
  /** Takes a waiting job out of the lane. */
  readonly leave: AbortController;
  /** Stops a running job. */
  readonly stop: AbortController;
}

/** The jobs in memory and the order in which they will start. */
export interface Line {
  add(job: Job, cost: number, start: number, resumed: boolean): Entry;
  get(jobId: string): Entry | undefined;
  /** The engine takes it. */
  begin(entry: Entry): void;
  /** A cancelled job's followers move up. */
  retag(jobId: string, start: number): void;
  remove(entry: Entry): void;
  waiting(owner: User): WaitingCounts;
  /** Running first, then by tag. */
  inOrder(): readonly Entry[];
  place(jobId: string): QueuePlace | undefined;
}

/** The line as it stands, sorted once for all the questions until it changes. */
interface Standing {
  /** Running first, then by tag. */
  readonly order: readonly Entry[];
  readonly running: readonly Entry[];
  /** By job id, of those that wait: the place, from 1, and the cost of all that wait before it. */
  readonly places: ReadonlyMap<string, { readonly place: number; readonly ahead: number }>;
}

/** @param slots jobs that run at once */
export function createLine(pace: Pace, slots: number): Line {
  const entries = new Map<string, Entry>();
  let turns = 0;
  let standing: Standing | undefined;

  const stand = (): Standing => {
    standing ??= sort([...entries.values()]);
    return standing;
  };
  const changed = () => {
    standing = undefined;
  };

  return {
    add: (job, cost, start, resumed) => {
      const entry: Entry = {
        ...{ job, cost, start, resumed, turn: turns++, phase: 'waiting', done: 0 },
        leave: new AbortController(),
        stop: new AbortController(),
      };
      entries.set(job.id, entry);
      changed();
      return entry;
    },
    get: (jobId) => entries.get(jobId),
    begin: (entry) => {
      entry.phase = 'running';
      changed();
    },
    retag: (jobId, start) => {
      const entry = entries.get(jobId);
      if (entry === undefined) return;
      entry.start = start;
      entry.turn = turns++;
      changed();
    },
    remove: (entry) => {
      if (entries.delete(entry.job.id)) changed();
    },
    waiting: (owner) => {
      const waiting = [...entries.values()].filter((entry) => entry.phase === 'waiting');
      const key = userKey(owner);
      return { inAll: waiting.length, ofOwner: waiting.filter((entry) => userKey(entry.job.owner) === key).length };
    },
    inOrder: () => stand().order,
    place: (jobId) => {
      const entry = entries.get(jobId);
      if (entry === undefined) return undefined;
      const { running, places } = stand();
      const waiting = places.get(jobId);
      if (waiting === undefined) return withEta(0, pace.estimate(leftOf(entry)));
      const begun = running.reduce((sum, other) => sum + leftOf(other), 0);
      return withEta(waiting.place, pace.estimate((begun + waiting.ahead) / slots + entry.cost));
    },
  };
}

function sort(entries: readonly Entry[]): Standing {
  const running = entries.filter((entry) => entry.phase === 'running');
  const waiting = entries
    .filter((entry) => entry.phase === 'waiting')
    .sort((a, b) => a.start - b.start || a.turn - b.turn);
  const places = new Map<string, { readonly place: number; readonly ahead: number }>();
  let ahead = 0;
  for (const [index, entry] of waiting.entries()) {
    places.set(entry.job.id, { place: index + 1, ahead });
    ahead += entry.cost;
  }
  return { order: [...running, ...waiting], running, places };
}

const leftOf = (entry: Entry): number => entry.cost * (1 - entry.done);

function withEta(place: number, etaMs: number | undefined): QueuePlace {
  return etaMs === undefined ? { place } : { place, etaMs };
}
