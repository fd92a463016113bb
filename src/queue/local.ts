import PQueue from 'p-queue';
import type { Job } from '../core/job.ts';
import { jobIdOf } from '../core/job-id.ts';
import { hasEnded, isPending } from '../core/job-state.ts';
import { type RoleWeights, weightOf } from '../core/role-weights.ts';
import { createSignal } from '../core/signal.ts';
import { EaselError } from '../errors.ts';
import type { JobStore, ValueStore } from '../store/port.ts';
import type { Capacity } from './capacity.ts';
import { costOf } from './cost.ts';
import { createJournal } from './journal.ts';
import { assertMayWait, type QueueLimits } from './limits.ts';
import { createLine, type Entry } from './line.ts';
import { createPace, type Measurements } from './pace.ts';
import { blame, createPerform } from './perform.ts';
import type { ExplainFailure, JobDraft, JobOutcome, JobQueue, Submission } from './port.ts';
import { createUsage, NO_USAGE_LIMITS, type UsageLimits, type Use } from './usage.ts';

export interface LocalQueueOptions {
  readonly store: QueueStore;
  readonly limits: QueueLimits;
  /** None when absent. */
  readonly usageLimits?: UsageLimits;
  readonly explain: ExplainFailure;
  /** Everyone weighs the same when absent. */
  readonly roleWeights?: RoleWeights;
  /** One job at a time when absent. */
  readonly capacity?: Capacity;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly now?: () => number;
  /** How long `close` waits for running jobs to let go, in milliseconds; default 5000. */
  readonly closeGraceMs?: number;
}

/** The jobs, and in values `pace` and `usage` what else the queue must know after a restart. */
export interface QueueStore {
  readonly jobs: JobStore;
  values<Value>(namespace: string): ValueStore<Value>;
}

/** Beginnings over all restarts, so that a job that takes the whole process down does not do so for ever. */
const MAX_ATTEMPTS = 5;

/** The queue of one process: what the line puts first runs as soon as there is room, and the store remembers. */
export function createLocalQueue(options: LocalQueueOptions): JobQueue {
  const { limits, explain, roleWeights, now = Date.now, closeGraceMs = 5000 } = options;
  const store = options.store.jobs;
  /** One submission at a time: a person's jobs keep their order, and a duplicate finds the first. */
  const admission = new PQueue({ concurrency: 1 });
  const journal = createJournal(store, now);
  const pace = createPace(options.store.values<Measurements>('pace'), now);
  const line = createLine(options.capacity ?? { slots: 1 }, pace.estimate);
  const usage = createUsage(options.store.values<readonly Use[]>('usage'), options.usageLimits ?? NO_USAGE_LIMITS, now);
  const queued = createSignal<[Job]>();
  const progressed = createSignal<Parameters<Parameters<JobQueue['onProgress']>[0]>>();
  const held = createSignal<[Job, EaselError]>();
  const ended = createSignal<[JobOutcome]>();
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  let perform: ((entry: Entry) => Promise<void>) | undefined;
  let lastCreatedAt = 0;

  async function admit(draft: JobDraft): Promise<Submission> {
    const id = jobIdOf(draft.owner.platform, draft.requestId);
    const known = await store.get(id);
    if (known !== undefined) return { job: known, isNew: false };
    if (closing.signal.aborted)
      throw new EaselError('closing', 'Easel is shutting down; ask again in a moment.', { retryable: true });
    const cost = costOf(draft.task);
    assertMayWait(line.waiting(draft.owner), limits);
    await usage.assertMayAsk(draft.owner, cost);
    // Strictly increasing, so that it orders the jobs again after a restart.
    lastCreatedAt = Math.max(now(), lastCreatedAt + 1);
    const { requestId: _, roles, ...rest } = draft;
    const weight = weightOf(roleWeights ?? new Map(), draft.owner.platform, roles);
    const times = { createdAt: lastCreatedAt, updatedAt: lastCreatedAt };
    const asked = { ...rest, ...(weight !== 1 && { weight }) };
    const job: Job = { ...asked, ...times, id, state: 'queued', attempts: 0, pictures: [] };
    await store.put(job);
    // It is accepted, whether or not the disk takes the count as well.
    await usage.add(job, cost).catch((error: unknown) => explain(error, job));
    line.add(job);
    // It may be its turn at once, and then it never waits; its first progress comes later than this all the same.
    startNext();
    queued.emit(job);
    return { job, isNew: true };
  }

  function startNext(): void {
    for (
      let entry = line.next();
      entry !== undefined && perform !== undefined && !closing.signal.aborted;
      entry = line.next()
    ) {
      const work = run(entry, perform);
      running.add(work);
      void work.then(() => running.delete(work));
    }
  }

  async function run(entry: Entry, perform: (entry: Entry) => Promise<void>): Promise<void> {
    line.begin(entry);
    pace.begin(entry.job.id, entry.job.task);
    await perform(entry).catch((error: unknown) => {
      // Closing, or a bug: the job keeps its last state on disk and is taken up after a restart.
      explain(error, entry.job);
    });
    await notePace(entry).catch((error: unknown) => explain(error, entry.job));
    line.end(entry, usedOf(entry));
    startNext();
    await giveBack(entry);
  }

  function notePace({ job, loadMs }: Entry): Promise<void> {
    if (job.state === 'rendered') return pace.finish(job.id, loadMs);
    pace.drop(job.id);
    return Promise.resolve();
  }

  /** What was not drawn counts neither towards turns nor towards limits. */
  async function giveBack(entry: Entry): Promise<void> {
    const used = usedOf(entry);
    if (used < 1 && !closing.signal.aborted)
      await usage.giveBack(entry.job, used).catch((error: unknown) => explain(error, entry.job));
  }

  async function cancel(jobId: string): Promise<Job | undefined> {
    const job = await journal.moveIf(jobId, (stored) => !hasEnded(stored), 'cancelled');
    if (job === undefined) return store.get(jobId);
    const entry = line.get(jobId);
    if (entry === undefined) {
      ended.emit({ kind: 'cancelled', job });
      return job;
    }
    entry.job = job;
    entry.stop.abort();
    const waited = entry.phase === 'waiting';
    line.remove(entry);
    ended.emit({ kind: 'cancelled', job });
    if (waited) {
      startNext();
      await giveBack(entry);
    }
    return job;
  }

  /** Jobs that had begun come first; one that began too often has taken the process down each time. */
  async function recover(): Promise<void> {
    await pace.load();
    const jobs = (await store.unfinished()).filter((job) => isPending(job) && line.get(job.id) === undefined);
    const taken: Job[] = [];
    for (const job of jobs.filter((job) => job.state === 'running')) {
      const tooOften = job.attempts >= MAX_ATTEMPTS;
      const failure = tooOften ? explain(blame(), job) : undefined;
      const next = failure
        ? await journal.move(job.id, 'running', 'failed', { failure })
        : await journal.move(job.id, 'running', 'queued');
      if (next === undefined) continue;
      if (tooOften) ended.emit({ kind: 'failed', job: next });
      else taken.push(next);
    }
    for (const job of taken) line.add(job, true);
    for (const job of jobs.filter((job) => job.state === 'queued')) {
      line.add(job);
      taken.push(job);
    }
    lastCreatedAt = jobs.reduce((latest, job) => Math.max(latest, job.createdAt), lastCreatedAt);
    // The process may have died between a job and its count.
    for (const job of taken) await usage.add(job, costOf(job.task));
    for (const job of taken) queued.emit(job);
  }

  return {
    submit: (draft) => admission.add(() => admit(draft)),
    cancel,
    position: line.place,
    ahead: line.ahead,
    pending: () => line.inOrder().map((entry) => entry.job),
    work: async (worker) => {
      await admission.add(recover);
      perform = createPerform({ worker, journal, line, explain, progressed, held, ended, closing: closing.signal });
      startNext();
    },
    onQueued: queued.listen,
    onProgress: progressed.listen,
    onHeld: held.listen,
    onOutcome: ended.listen,
    close: async () => {
      closing.abort();
      for (const entry of line.inOrder()) if (entry.phase === 'running') entry.stop.abort();
      await admission.onIdle();
      await Promise.race([Promise.all(running), new Promise((done) => setTimeout(done, closeGraceMs).unref())]);
    },
  };
}

/** Share of its cost that a job that left the line has used of the engine. */
function usedOf(entry: Entry): number {
  return entry.job.state === 'rendered' ? 1 : entry.done;
}
