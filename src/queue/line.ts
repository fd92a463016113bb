import type { Job } from '../core/job.ts';
import { type User, userKey } from '../core/user.ts';
import type { Capacity } from './capacity.ts';
import { costOf, loadOf } from './cost.ts';
import { createFairClock } from './fair-clock.ts';
import type { WaitingCounts } from './limits.ts';
import type { Ahead, QueuePlace } from './port.ts';
import { createStanding, type Estimate, type Standing } from './standing.ts';

/** A job the queue holds in memory, from its acceptance until it leaves the engine. */
export interface Entry {
  job: Job;
  /** `userKey` of its owner. */
  readonly user: string;
  /** In `costOf`'s and `loadOf`'s units. */
  readonly cost: number;
  readonly load: number;
  /** The fair clock's start tag; `turn` orders equal tags as they came. */
  start: number;
  turn: number;
  /** V when it came: where its tag would lie if its owner had asked for nothing else. */
  readonly floor: number;
  /** `ending`: over, but the engine has not let go of it yet. */
  phase: 'waiting' | 'running' | 'ending';
  /** It had begun before the process died. */
  readonly resumed: boolean;
  /** Share of the work done, 0–1. */
  done: number;
  /** Milliseconds it waited for its model to be read, once it is rendered. */
  loadMs: number;
  /** Stops it in the engine. */
  readonly stop: AbortController;
}

/** The jobs in memory, the order in which they will start, and who may start now. No time passes in here. */
export interface Line {
  /** `resumed` ones come before all others are added, and first. */
  add(job: Job, resumed?: boolean): Entry;
  get(jobId: string): Entry | undefined;
  /** Whose turn it is, when there is room for it now. */
  next(): Entry | undefined;
  /** The engine takes it. */
  begin(entry: Entry): void;
  /** The engine lets go of it. @param used share of its cost, 0–1; the rest is given back */
  end(entry: Entry, used: number): void;
  /** Its state says that it is over: one that waits is gone, one that runs holds its slot until `end`. */
  remove(entry: Entry): void;
  waiting(owner: User): WaitingCounts;
  /** Running first, then in the order they will start. */
  inOrder(): readonly Entry[];
  place(jobId: string): QueuePlace | undefined;
  ahead(jobId: string): Ahead | undefined;
}

export function createLine(capacity: Capacity, estimate: Estimate): Line {
  const { slots, maxLoad = Number.POSITIVE_INFINITY, maxRunningPerUser = slots } = capacity;
  const clock = createFairClock();
  const entries = new Map<string, Entry>();
  const inEngine = new Set<Entry>();
  let turns = 0;
  let standing: Standing | undefined;

  const stand = () => (standing ??= createStanding([...entries.values()], estimate));
  const changed = () => {
    standing = undefined;
  };

  function retag(moved: ReadonlyMap<string, number>): void {
    for (const [jobId, start] of moved) {
      const entry = entries.get(jobId);
      if (entry === undefined) continue;
      entry.start = start;
      entry.turn = turns++;
    }
    changed();
  }

  const runningOf = (user: string) => [...inEngine].filter((entry) => entry.user === user).length;

  function fits(entry: Entry): boolean {
    const load = [...inEngine].reduce((sum, other) => sum + other.load, 0);
    return inEngine.size === 0 || load + entry.load <= maxLoad;
  }

  return {
    add: (job, resumed = false) => {
      const user = userKey(job.owner);
      const cost = costOf(job.task);
      const charge = cost / (job.weight ?? 1);
      const floor = clock.now();
      const start = resumed ? clock.resume(user, job.id, charge) : clock.enqueue(user, job.id, charge);
      const entry: Entry = {
        ...{
          job,
          user,
          cost,
          load: loadOf(job.task),
          start,
          turn: turns++,
          floor,
          phase: 'waiting',
          resumed,
          done: 0,
          loadMs: 0,
        },
        stop: new AbortController(),
      };
      entries.set(job.id, entry);
      changed();
      return entry;
    },
    get: (jobId) => entries.get(jobId),
    next: () => {
      if (inEngine.size >= slots) return undefined;
      const { waiting } = stand();
      const next = waiting.find(({ user }) => runningOf(user) < maxRunningPerUser) ?? waiting[0];
      // Nobody passes one that does not fit yet: the large would wait for ever.
      return next !== undefined && fits(next) ? next : undefined;
    },
    begin: (entry) => {
      entry.phase = 'running';
      inEngine.add(entry);
      if (!entry.resumed) clock.begin(entry.job.id);
      changed();
    },
    end: (entry, used) => {
      inEngine.delete(entry);
      entries.delete(entry.job.id);
      retag(clock.end(entry.job.id, used));
    },
    remove: (entry) => {
      if (!entries.delete(entry.job.id)) return;
      changed();
      if (entry.phase === 'waiting') retag(entry.resumed ? clock.end(entry.job.id, 0) : clock.cancel(entry.job.id));
      else entry.phase = 'ending';
    },
    waiting: (owner) => {
      const { waiting } = stand();
      const key = userKey(owner);
      return { inAll: waiting.length, ofOwner: waiting.filter(({ user }) => user === key).length };
    },
    inOrder: () => stand().order,
    place: (jobId) => stand().place(jobId),
    ahead: (jobId) => {
      const entry = entries.get(jobId);
      return entry && stand().ahead(entry, clock.begun(entry.user));
    },
  };
}
