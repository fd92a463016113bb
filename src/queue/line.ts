import type { EngineTask, RunResult } from '../../engine/index.ts';
import type { Job, StoredPicture } from '../core/job.ts';
import { taskDigest } from '../core/task-digest.ts';
import { type User, userKey } from '../core/user.ts';
import type { Capacity } from './capacity.ts';
import { costOf, loadOf } from './cost.ts';
import { createFairClock, type Debts } from './fair-clock.ts';
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
  /** Set when its owner cancelled it and others go on: the share that was done by then. */
  used?: number;
  /** What the engine made, once it has. */
  drawn?: Pick<RunResult, 'notes'> & { readonly pictures: readonly StoredPicture[] };
  /** Jobs of exactly the same task, which get the same pictures and cost nothing. */
  readonly followers: Job[];
  /** Stops it in the engine. */
  readonly stop: AbortController;
}

/** The jobs in memory, the order in which they will start, and who may start now. No time passes in here. */
export interface Line {
  /** What people had of the engine before the process began. */
  owe(debts: Debts): void;
  debts(): Debts;
  /**
   * A job whose task is waited for or drawn already follows that one, unless its own turn is earlier: then that one
   * follows it. `resumed` ones come before all others are added, and first.
   */
  add(job: Job, resumed?: boolean): Entry;
  has(jobId: string): boolean;
  /** Of the job that is drawn, not of those that follow it. */
  get(jobId: string): Entry | undefined;
  /** Whose pictures a job that follows will get. */
  leaderOf(jobId: string): Entry | undefined;
  /** What draws, or will draw, exactly this task. */
  drawing(task: EngineTask): Entry | undefined;
  /** A job that follows does so no more. */
  unfollow(jobId: string): void;
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
  /** By task digest, and by the ids of jobs that follow. */
  const drawing = new Map<string, Entry>();
  const leaders = new Map<string, Entry>();
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

  function enter(job: Job, resumed: boolean, followers: Job[]): Entry {
    const user = userKey(job.owner);
    const cost = costOf(job.task);
    const charge = cost / (job.weight ?? 1);
    const floor = clock.now();
    const start = resumed ? clock.resume(user, job.id, charge) : clock.enqueue(user, job.id, charge);
    const entry: Entry = {
      ...{ job, user, cost, load: loadOf(job.task), start, turn: turns++, floor, phase: 'waiting', resumed, done: 0 },
      ...{ loadMs: 0, followers, stop: new AbortController() },
    };
    entries.set(job.id, entry);
    drawing.set(taskDigest(job.task), entry);
    for (const follower of followers) leaders.set(follower.id, entry);
    changed();
    return entry;
  }

  function follow(job: Job, leader: Entry): Entry {
    leader.followers.push(job);
    leaders.set(job.id, leader);
    changed();
    return leader;
  }

  /** Nobody waits longer for sharing: the work is done in the turn of whose turn is first, and charged to them. */
  function lead(job: Job, later: Entry): Entry {
    remove(later);
    return enter(job, false, [later.job, ...later.followers]);
  }

  function remove(entry: Entry): void {
    if (!entries.delete(entry.job.id)) return;
    const digest = taskDigest(entry.job.task);
    if (drawing.get(digest) === entry) drawing.delete(digest);
    for (const follower of entry.followers) leaders.delete(follower.id);
    changed();
    if (entry.phase === 'waiting') retag(entry.resumed ? clock.end(entry.job.id, 0) : clock.cancel(entry.job.id));
    else entry.phase = 'ending';
  }

  return {
    owe: (debts) => retag(clock.owe(debts)),
    debts: clock.debts,
    add: (job, resumed = false) => {
      const same = drawing.get(taskDigest(job.task));
      if (same === undefined) return enter(job, resumed, []);
      const isEarlier = same.phase === 'waiting' && !same.resumed && clock.next(userKey(job.owner)) < same.start;
      return isEarlier ? lead(job, same) : follow(job, same);
    },
    has: (jobId) => entries.has(jobId) || leaders.has(jobId),
    get: (jobId) => entries.get(jobId),
    leaderOf: (jobId) => leaders.get(jobId),
    drawing: (task) => drawing.get(taskDigest(task)),
    unfollow: (jobId) => {
      const leader = leaders.get(jobId);
      leaders.delete(jobId);
      const index = leader?.followers.findIndex(({ id }) => id === jobId) ?? -1;
      if (index >= 0) leader?.followers.splice(index, 1);
      changed();
    },
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
      remove(entry);
      inEngine.delete(entry);
      retag(clock.end(entry.job.id, used));
    },
    remove,
    waiting: (owner) => {
      const waiting = stand().waiting.flatMap(({ job, followers }) => [job, ...followers]);
      const key = userKey(owner);
      return { inAll: waiting.length, ofOwner: waiting.filter((job) => userKey(job.owner) === key).length };
    },
    inOrder: () => stand().order,
    place: (jobId) => stand().place(leaders.get(jobId)?.job.id ?? jobId),
    ahead: (jobId) => {
      const entry = entries.get(jobId);
      return entry && stand().ahead(entry, clock.begun(entry.user));
    },
  };
}

/** All whose pictures these will be: the job that is drawn, and those that follow it. */
export function sharersOf({ job, followers }: Entry): readonly Job[] {
  return [job, ...followers];
}
