import type { Job } from '../../src/core/job.ts';
import type { Capacity } from '../../src/queue/capacity.ts';
import type { QueueEntry } from '../../src/queue/queue-entry.ts';
import { createRunQueue, type RunQueue } from '../../src/queue/run-queue.ts';
import { CHANNEL, personNamed, specWith } from '../doubles/samples.ts';

/** A request at a moment. Its work is its duration: a slot does one unit a tick. */
export interface Arrival {
  readonly user: string;
  readonly at: number;
  readonly work: number;
  /** Pictures, and so load; default 1. */
  readonly count?: number;
  readonly weight?: number;
  /** Ticks after it came. */
  readonly cancelAfter?: number;
}

export interface Ran {
  readonly index: number;
  readonly user: string;
  readonly work: number;
  readonly at: number;
  endedAt: number;
}

/** What a job's work is in `costOf`'s unit, and a picture's in `loadOf`'s. */
export const UNIT = 64 * 64;

export interface SimulationOptions {
  readonly onStart?: (line: RunQueue, entry: QueueEntry, now: number) => void;
  /** Ticks at which the process is started anew: another line takes up what the one before it left. */
  readonly restarts?: readonly number[];
}

/** A machine of slots on a clock of its own, run by the real line: every job that began, in the order they did. */
export function simulate(
  arrivals: readonly Arrival[],
  capacity: Capacity,
  { onStart = () => {}, restarts = [] }: SimulationOptions = {},
): readonly Ran[] {
  let line = createRunQueue(capacity, () => () => undefined);
  const ran: Ran[] = [];
  const ends = new Map<QueueEntry, Ran>();
  const entries = new Map<number, QueueEntry>();
  const events = new Set([...restarts, ...arrivals.flatMap(({ at, cancelAfter }) => [at, at + (cancelAfter ?? 0)])]);

  for (let now = 0; events.size > 0; events.delete(now), now = Math.min(...events)) {
    for (const [entry, job] of ends) if (job.endedAt === now) finish(entry, 1);
    for (const [index, arrival] of arrivals.entries()) {
      if (arrival.at === now) entries.set(index, line.add(jobOf(arrival, index)));
      const entry = entries.get(index);
      if (arrival.cancelAfter !== undefined && now === arrival.at + arrival.cancelAfter && entry) cancel(entry, now);
    }
    if (restarts.includes(now)) restart();
    for (let entry = line.next(); entry !== undefined; entry = line.next()) start(entry, now);
  }
  return ran;

  function start(entry: QueueEntry, now: number): void {
    onStart(line, entry, now);
    line.begin(entry);
    const index = Number(entry.job.id);
    const { user = '', work = 0 } = arrivals[index] ?? {};
    const job = { index, user, work, at: now, endedAt: now + work };
    ran.push(job);
    ends.set(entry, job);
    events.add(job.endedAt);
  }

  /** What runs is not drawn twice here, so that what people have been given can be told from what has begun. */
  function restart(): void {
    const before = line;
    line = createRunQueue(capacity, () => () => undefined);
    line.owe(before.debts());
    const running = [...ends];
    ends.clear();
    for (const [{ job }, ran] of running) {
      const entry = line.add(job, true);
      line.begin(entry);
      entries.set(ran.index, entry);
      ends.set(entry, ran);
    }
    const waiting = before.inOrder().filter(({ phase }) => phase === 'waiting');
    for (const { job } of waiting.toSorted((a, b) => a.job.createdAt - b.job.createdAt)) {
      entries.set(Number(job.id), line.add(job));
    }
  }

  function finish(entry: QueueEntry, used: number): void {
    ends.delete(entry);
    line.remove(entry);
    line.end(entry, used);
  }

  function cancel(entry: QueueEntry, now: number): void {
    if (line.get(entry.job.id) === undefined) return;
    const job = ends.get(entry);
    if (job === undefined) {
      line.remove(entry);
      return;
    }
    job.endedAt = now;
    finish(entry, (now - job.at) / job.work);
  }
}

function jobOf({ user, work, count = 1, weight }: Arrival, index: number): Job {
  return {
    ...{ id: `${index}`, owner: personNamed(user), channel: CHANNEL, state: 'queued', attempts: 0, pictures: [] },
    ...{ createdAt: index, updatedAt: index },
    ...(weight !== undefined && { weight }),
    // More pictures in fewer steps: the same work, and a greater load.
    task: { kind: 'generate', spec: specWith({ prompt: `${index}`, steps: work / count, count, guidance: 1 }) },
  };
}

/** Jain's index of fairness: 1 when all are equal, 1/n when one has everything. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
}
