import PQueue from 'p-queue';
import type { Job } from '../core/job.ts';
import { jobIdOf } from '../core/job-id.ts';
import { isPending } from '../core/job-state.ts';
import { type RoleWeights, weightOf } from '../core/role-weights.ts';
import { createSignal } from '../core/signal.ts';
import { userKey } from '../core/user.ts';
import { EaselError } from '../errors.ts';
import type { JobStore } from '../store/port.ts';
import { costOf } from './cost.ts';
import { createFairClock } from './fair-clock.ts';
import { createJournal } from './journal.ts';
import { assertMayWait, type QueueLimits } from './limits.ts';
import { createLine, type Entry } from './line.ts';
import { createPace } from './pace.ts';
import { blame, createPerform } from './perform.ts';
import type { ExplainFailure, JobDraft, JobOutcome, JobQueue, Submission } from './port.ts';

export interface LocalQueueOptions {
  readonly store: JobStore;
  readonly limits: QueueLimits;
  readonly explain: ExplainFailure;
  /** Everyone weighs the same when absent. */
  readonly roleWeights?: RoleWeights;
  /** Jobs that run at once; default 1. */
  readonly concurrency?: number;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly now?: () => number;
  /** How long `close` waits for running jobs to let go, in milliseconds; default 5000. */
  readonly closeGraceMs?: number;
}

/** Beginnings over all restarts, so that a job that takes the whole process down does not do so for ever. */
const MAX_ATTEMPTS = 5;

/** The queue of one process: p-queue runs what the fair clock puts first, the store remembers. */
export function createLocalQueue(options: LocalQueueOptions): JobQueue {
  const { store, limits, explain, roleWeights, concurrency = 1, now = Date.now, closeGraceMs = 5000 } = options;
  const lane = new PQueue({ concurrency, autoStart: false });
  /** One submission at a time: a person's jobs keep their order, and a duplicate finds the first. */
  const admission = new PQueue({ concurrency: 1 });
  const clock = createFairClock();
  const journal = createJournal(store, now);
  const pace = createPace();
  const line = createLine(pace, concurrency);
  const queued = createSignal<[Job]>();
  const progressed = createSignal<Parameters<Parameters<JobQueue['onProgress']>[0]>>();
  const ended = createSignal<[JobOutcome]>();
  const running = new Set<Promise<void>>();
  let perform: (entry: Entry) => Promise<void>;
  let lastCreatedAt = 0;
  let closing = false;

  async function admit(draft: JobDraft): Promise<Submission> {
    const id = jobIdOf(draft.owner.platform, draft.requestId);
    const known = await store.get(id);
    if (known !== undefined) return { job: known, isNew: false };
    if (closing) throw new EaselError('closing', 'Easel is shutting down; ask again in a moment.', { retryable: true });
    assertMayWait(line.waiting(draft.owner), limits);
    // Strictly increasing, so that it orders the jobs again after a restart.
    lastCreatedAt = Math.max(now(), lastCreatedAt + 1);
    const { requestId: _, roles, ...rest } = draft;
    const weight = weightOf(roleWeights ?? new Map(), draft.owner.platform, roles);
    const times = { createdAt: lastCreatedAt, updatedAt: lastCreatedAt };
    const job: Job = {
      ...rest,
      ...(weight !== 1 && { weight }),
      ...times,
      id,
      state: 'queued',
      attempts: 0,
      pictures: [],
    };
    await store.put(job);
    join(job, false);
    queued.emit(job);
    return { job, isNew: true };
  }

  function join(job: Job, resumed: boolean): void {
    const cost = costOf(job.task);
    const owner = userKey(job.owner);
    const charge = cost / (job.weight ?? 1);
    const start = resumed ? clock.resume(owner, job.id, charge) : clock.enqueue(owner, job.id, charge);
    const entry = line.add(job, cost, start, resumed);
    const place = { priority: -start, id: job.id, signal: entry.leave.signal };
    lane
      .add(() => run(entry), place)
      .catch((error: unknown) => {
        // Cancelled while it waited; `cancel` has told everyone.
        if (!entry.leave.signal.aborted) explain(error, job);
      });
  }

  async function run(entry: Entry): Promise<void> {
    line.begin(entry);
    clock.begin(entry.job.id);
    const work = perform(entry).catch((error: unknown) => {
      // The journal refused a write. The job keeps its last state on disk and is taken up after a restart.
      explain(error, entry.job);
    });
    running.add(work);
    await work;
    running.delete(work);
    line.remove(entry);
    clock.end(entry.job.id);
  }

  async function cancel(jobId: string): Promise<Job | undefined> {
    const entry = line.get(jobId);
    if (entry === undefined) return store.get(jobId);
    const job = await journal.moveIf(jobId, isPending, 'cancelled');
    if (job === undefined) return store.get(jobId);
    entry.job = job;
    leave(entry);
    ended.emit({ kind: 'cancelled', job });
    return job;
  }

  function leave(entry: Entry): void {
    entry.stop.abort();
    line.remove(entry);
    if (entry.phase === 'running') return;
    entry.leave.abort();
    if (entry.resumed) {
      clock.end(entry.job.id);
      return;
    }
    for (const [id, start] of clock.cancel(entry.job.id)) {
      line.retag(id, start);
      lane.setPriority(id, -start);
    }
  }

  /** Jobs that had begun come first; one that began too often has taken the process down each time. */
  async function recover(): Promise<void> {
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
    for (const job of taken) join(job, true);
    for (const job of jobs.filter((job) => job.state === 'queued')) {
      join(job, false);
      taken.push(job);
    }
    lastCreatedAt = jobs.reduce((latest, job) => Math.max(latest, job.createdAt), lastCreatedAt);
    for (const job of taken) queued.emit(job);
  }

  return {
    submit: (draft) => admission.add(() => admit(draft)),
    cancel,
    position: (jobId) => line.place(jobId),
    pending: () => line.inOrder().map((entry) => entry.job),
    work: async (worker) => {
      perform = createPerform({
        worker,
        journal,
        line,
        pace,
        explain,
        now,
        progressed,
        ended,
        isClosing: () => closing,
      });
      await admission.add(recover);
      lane.start();
    },
    onQueued: queued.listen,
    onProgress: progressed.listen,
    onOutcome: ended.listen,
    close: async () => {
      closing = true;
      lane.pause();
      lane.clear();
      for (const entry of line.inOrder()) if (entry.phase === 'running') entry.stop.abort();
      await admission.onIdle();
      await Promise.race([Promise.all(running), new Promise((done) => setTimeout(done, closeGraceMs).unref())]);
    },
  };
}
