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
  /** A cancelled job's followers move up. */
  retag(jobId: string, start: number): void;
  remove(entry: Entry): void;
  waiting(owner: User): WaitingCounts;
  /** Running first, then by tag. */
  inOrder(): readonly Entry[];
  place(jobId: string): QueuePlace | undefined;
}

/** @param slots jobs that run at once */
export function createLine(pace: Pace, slots: number): Line {
  const entries = new Map<string, Entry>();
  let turns = 0;

  function inOrder(): readonly Entry[] {
    return [...entries.values()].sort(
      (a, b) => Number(b.phase === 'running') - Number(a.phase === 'running') || a.start - b.start || a.turn - b.turn,
    );
  }

  return {
    add: (job, cost, start, resumed) => {
      const entry: Entry = {
        ...{ job, cost, start, resumed, turn: turns++, phase: 'waiting', done: 0 },
        leave: new AbortController(),
        stop: new AbortController(),
      };
      entries.set(job.id, entry);
      return entry;
    },
    get: (jobId) => entries.get(jobId),
    retag: (jobId, start) => {
      const entry = entries.get(jobId);
      if (entry === undefined) return;
      entry.start = start;
      entry.turn = turns++;
    },
    remove: (entry) => {
      entries.delete(entry.job.id);
    },
    waiting: (owner) => {
      const waiting = [...entries.values()].filter((entry) => entry.phase === 'waiting');
      const key = userKey(owner);
      return { inAll: waiting.length, ofOwner: waiting.filter((entry) => userKey(entry.job.owner) === key).length };
    },
    inOrder,
    place: (jobId) => {
      const entry = entries.get(jobId);
      if (entry === undefined) return undefined;
      if (entry.phase === 'running') return withEta(0, pace.estimate(entry.cost * (1 - entry.done)));
      const order = inOrder();
      const index = order.indexOf(entry);
      const ahead = order.slice(0, index).reduce((sum, other) => sum + other.cost * (1 - other.done), 0);
      const running = order.filter((other) => other.phase === 'running').length;
      return withEta(index - running + 1, pace.estimate(ahead / slots + entry.cost));
    },
  };
}

function withEta(place: number, etaMs: number | undefined): QueuePlace {
  return etaMs === undefined ? { place } : { place, etaMs };
}
