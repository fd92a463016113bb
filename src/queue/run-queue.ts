import { type EngineTask, specOf } from '../../engine/index.ts';
import type { Job } from '../core/job.ts';
import { isPending } from '../core/job-state.ts';
import { taskDigest } from '../core/task-digest.ts';
import { type User, userKey } from '../core/user.ts';
import type { Capacity } from './capacity.ts';
import { costOf, loadOf, type ModelWork } from './cost.ts';
import { createFairClock, type Debts } from './fair-clock.ts';
import type { WaitingCounts } from './limits.ts';
import { type DeviceState, type Placement, placeAgain, placeNext } from './placement.ts';
import type { QueuePosition, QueueSnapshot, SnapshotQuery } from './port.ts';
import type { Estimate, QueueEntry } from './queue-entry.ts';
import { describeJobs, positionOf, type QueueOrder } from './queue-snapshot.ts';
import { createWaitingList } from './waiting-list.ts';

/** The jobs in memory, the order in which they will start, and who may start now. No time passes in here. */
export interface RunQueue {
  /** What people had of the engine before the process began. */
  owe(debts: Debts): void;
  debts(): Debts;
  /**
   * A job whose task is waited for or drawn already follows that one, unless its own turn is earlier: then that one
   * follows it. `resumed` ones come before all others are added, and first.
   */
  add(job: Job, resumed?: boolean): QueueEntry;
  has(jobId: string): boolean;
  /** Of the job that is drawn, not of those that follow it. */
  get(jobId: string): QueueEntry | undefined;
  /** Whose pictures a job that follows will get. */
  leaderOf(jobId: string): QueueEntry | undefined;
  /** What draws, or will draw, exactly this task. */
  active(task: EngineTask): QueueEntry | undefined;
  /** A job that follows does so no more. */
  unfollow(jobId: string): void;
  /** Whose turn it is, when there is room for it now; it has its device. */
  next(): QueueEntry | undefined;
  /** The engine takes it. */
  begin(entry: QueueEntry): void;
  /** Its device failed: it goes on on another, where there is one that works. */
  moveAway(entry: QueueEntry): void;
  /** No job begins on a device that rests, while others do not. @param device its index */
  rest(device: number, isResting: boolean): void;
  /** The engine lets go of it. @param used share of its cost, 0–1; the rest is given back */
  end(entry: QueueEntry, used: number): void;
  /** It has lost its place in the engine by no fault of its own, and waits again, before all others. */
  requeue(entry: QueueEntry): void;
  /** Its state says that it is over: one that waits is gone, one that runs holds its slot until `end`. */
  remove(entry: QueueEntry): void;
  waiting(owner: User): WaitingCounts;
  /** Running first, then in the order they will start. */
  inOrder(): readonly QueueEntry[];
  /** Of an entry that runs or waits. */
  position(entry: QueueEntry): QueuePosition;
  /** See `JobQueue.snapshot`. */
  snapshot(query?: SnapshotQuery): QueueSnapshot;
}

export function createRunQueue(
  capacity: Capacity,
  estimator: (task: EngineTask) => Estimate,
  modelWork?: ModelWork,
): RunQueue {
  const { slots, devices = 1, maxRunningPerUser = slots * devices } = capacity;
  const clock = createFairClock();
  const entries = new Map<string, QueueEntry>();
  /** By task digest, and by the ids of jobs that follow. */
  const byTaskDigest = new Map<string, QueueEntry>();
  const leaders = new Map<string, QueueEntry>();
  const waiting = createWaitingList();
  const inEngine = new Set<QueueEntry>();
  const resting = new Set<number>();
  /** By device: what its latest job was drawn with. */
  const models = new Map<number, string>();
  let placement: Placement<QueueEntry> | undefined;
  let nextSequence = 0;

  const running = () => [...inEngine].filter(({ phase }) => phase === 'running');
  const order = (): QueueOrder => ({
    running: running(),
    waiting: waiting.entries,
    devices,
    entryOf: (jobId) => leaders.get(jobId) ?? entries.get(jobId),
    begunOf: clock.begun,
  });

  function retag(moved: ReadonlyMap<string, number>): void {
    for (const [jobId, start] of moved) {
      const entry = entries.get(jobId);
      if (entry !== undefined) waiting.move(entry, start, nextSequence++);
    }
  }

  /** Those who wait, but for people who have as many in the engine as one may while others wait; all where that is nobody. */
  function startable(): readonly QueueEntry[] {
    const running = new Map<string, number>();
    for (const { user } of inEngine) running.set(user, (running.get(user) ?? 0) + 1);
    const full = new Set([...running.keys()].filter((user) => (running.get(user) ?? 0) >= maxRunningPerUser));
    const allowed = full.size === 0 ? [] : waiting.entries.filter(({ user }) => !full.has(user));
    return allowed.length > 0 ? allowed : waiting.entries;
  }

  function deviceStates(): readonly DeviceState[] {
    return Array.from({ length: devices }, (_, device) => {
      const running = [...inEngine].filter((entry) => entry.device === device);
      const load = running.reduce((sum, entry) => sum + entry.load, 0);
      return { jobs: running.length, load, model: models.get(device), isResting: resting.has(device) };
    });
  }

  function enter(job: Job, resumed: boolean, followers: Job[]): QueueEntry {
    const user = userKey(job.owner);
    const cost = costOf(job.task, modelWork);
    const charge = cost / (job.weight ?? 1);
    const floor = clock.now();
    const start = resumed ? clock.resume(user, job.id, charge) : clock.enqueue(user, job.id, charge);
    const entry: QueueEntry = {
      ...{
        job,
        user,
        cost,
        model: specOf(job.task).model,
        load: loadOf(job.task),
        estimateMs: estimator(job.task),
        start,
        sequence: nextSequence++,
        floor,
        phase: 'waiting',
        resumed,
        done: 0,
        device: 0,
        passed: 0,
      },
      ...{ followers, stop: new AbortController() },
    };
    entries.set(job.id, entry);
    waiting.add(entry);
    byTaskDigest.set(taskDigest(job.task), entry);
    for (const follower of followers) leaders.set(follower.id, entry);
    return entry;
  }

  function follow(job: Job, leader: QueueEntry): QueueEntry {
    leader.followers.push(job);
    leaders.set(job.id, leader);
    if (leader.phase === 'waiting') waiting.countFollower(job, 1);
    return leader;
  }

  /** Nobody waits longer for sharing: the work is done in the turn of whose turn is first, and charged to them. */
  function lead(job: Job, later: QueueEntry): QueueEntry {
    remove(later);
    return enter(job, false, [later.job, ...later.followers]);
  }

  function remove(entry: QueueEntry): void {
    if (!entries.delete(entry.job.id)) return;
    const digest = taskDigest(entry.job.task);
    if (byTaskDigest.get(digest) === entry) byTaskDigest.delete(digest);
    for (const follower of entry.followers) leaders.delete(follower.id);
    if (entry.phase === 'waiting') {
      waiting.remove(entry);
      retag(entry.resumed ? clock.end(entry.job.id, 0) : clock.cancel(entry.job.id));
    } else entry.phase = 'ending';
  }

  return {
    owe: (debts) => retag(clock.owe(debts)),
    debts: clock.debts,
    add: (job, resumed = false) => {
      const same = byTaskDigest.get(taskDigest(job.task));
      if (same === undefined) return enter(job, resumed, []);
      const isEarlier = same.phase === 'waiting' && !same.resumed && clock.next(userKey(job.owner)) < same.start;
      return isEarlier ? lead(job, same) : follow(job, same);
    },
    has: (jobId) => entries.has(jobId) || leaders.has(jobId),
    get: (jobId) => entries.get(jobId),
    leaderOf: (jobId) => leaders.get(jobId),
    active: (task) => byTaskDigest.get(taskDigest(task)),
    unfollow: (jobId) => {
      const leader = leaders.get(jobId);
      leaders.delete(jobId);
      const index = leader?.followers.findIndex(({ id }) => id === jobId) ?? -1;
      const [job] = index >= 0 ? (leader?.followers.splice(index, 1) ?? []) : [];
      if (job !== undefined && leader?.phase === 'waiting') waiting.countFollower(job, -1);
    },
    next: () => {
      const states = deviceStates();
      if (states.every(({ jobs }) => jobs >= slots)) return undefined;
      placement = placeNext(startable(), states, capacity);
      if (placement === undefined) return undefined;
      placement.job.device = placement.device;
      return placement.job;
    },
    begin: (entry) => {
      if (placement?.job === entry && placement.before !== undefined) placement.before.passed += 1;
      placement = undefined;
      models.set(entry.device, entry.model);
      waiting.remove(entry);
      entry.phase = 'running';
      inEngine.add(entry);
      if (!entry.resumed) clock.begin(entry.job.id);
    },
    moveAway: (entry) => {
      entry.device = placeAgain(deviceStates(), entry.device);
      models.set(entry.device, entry.model);
    },
    rest: (device, isResting) => {
      if (isResting) resting.add(device);
      else resting.delete(device);
    },
    end: (entry, used) => {
      remove(entry);
      inEngine.delete(entry);
      retag(clock.end(entry.job.id, used));
    },
    requeue: (entry) => {
      inEngine.delete(entry);
      const [first = entry] = waiting.entries;
      // Negative, so that it comes before all that came.
      const place = { start: Math.min(entry.start, first.start), sequence: -nextSequence++ };
      waiting.add(Object.assign(entry, place, { phase: 'waiting', resumed: true, done: 0 }));
    },
    remove,
    waiting: waiting.counts,
    inOrder: () => [...running(), ...waiting.entries],
    position: (entry) => positionOf(order(), entry),
    snapshot: (query = {}) => {
      const drawn = running();
      const following = drawn.reduce((sum, { followers }) => sum + followers.length, 0);
      return {
        running: drawn.filter(({ job }) => isPending(job)).length,
        waiting: waiting.count() + following,
        jobs: describeJobs(order(), query),
      };
    },
  };
}
