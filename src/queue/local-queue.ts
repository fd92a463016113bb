import PQueue from 'p-queue';
import pTimeout from 'p-timeout';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isCancellable, isPending } from '../core/job-state.ts';
import type { RoleWeights } from '../core/role-weights.ts';
import { isSameUser } from '../core/user.ts';
import { createEmitter } from '../lib/emitter.ts';
import type { JobStore, PictureStore, ResultCache, ValueStore } from '../store/port.ts';
import { createAdmission } from './admission.ts';
import { createCancel } from './cancel.ts';
import type { Capacity } from './capacity.ts';
import { createCoalescing } from './coalescing.ts';
import type { Debts } from './fair-clock.ts';
import { createFairDebts } from './fair-debts.ts';
import type { QueueLimits } from './limits.ts';
import type { ExplainFailure, JobDraft, JobOutcome, JobQueue, Submission } from './port.ts';
import { jobsSharing, type QueueEntry } from './queue-entry.ts';
import { createQuota, NO_QUOTA_LIMITS, type QuotaLimits, type QuotaUse } from './quota.ts';
import { recoverJobs } from './recovery.ts';
import { createRunJob } from './run-job.ts';
import { createRunQueue } from './run-queue.ts';
import { createThroughput, type Measurements } from './throughput.ts';
import { createTransitions } from './transitions.ts';

/** What `createLocalQueue` needs. */
export interface LocalQueueOptions {
  readonly store: QueueStore;
  readonly limits: QueueLimits;
  /** What one person may ask for within an hour and a day. @default no limits */
  readonly quotaLimits?: QuotaLimits;
  readonly explain: ExplainFailure;
  /** How much of the engine people with a role get. @default 1 for everyone */
  readonly roleWeights?: RoleWeights;
  /** How much runs at once. @default one job */
  readonly capacity?: Capacity;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** How long `close` waits for running jobs to let go, in milliseconds. @default 5000 */
  readonly closeGraceMs?: number;
}

/** The jobs, what was drawn, and in values `throughput`, `fairDebts` and `quota` what else the queue must know after a restart. */
export interface QueueStore {
  readonly jobs: JobStore;
  readonly pictures: Pick<PictureStore, 'copy' | 'delete'>;
  readonly resultCache: ResultCache;
  values<Value>(namespace: string): ValueStore<Value>;
}

const CLOSING = 'Easel is shutting down; try again in a moment.';

/** The queue of one process: what the queue puts first runs as soon as there is room, and the store remembers. */
export function createLocalQueue(options: LocalQueueOptions): JobQueue {
  const { limits, explain, roleWeights, now = Date.now, closeGraceMs = 5000 } = options;
  const store = options.store.jobs;
  /** One submission at a time: a person's jobs keep their order, and a duplicate finds the first. */
  const entrance = new PQueue({ concurrency: 1 });
  const transitions = createTransitions(store, now);
  const throughput = createThroughput(options.store.values<Measurements>('pace'), now);
  const runQueue = createRunQueue(options.capacity ?? { slots: 1 }, throughput.estimate);
  const fairDebts = createFairDebts(options.store.values<Debts>('turns'));
  const quota = createQuota(
    options.store.values<readonly QuotaUse[]>('usage'),
    options.quotaLimits ?? NO_QUOTA_LIMITS,
    now,
    explain,
  );
  const queued = createEmitter<[Job]>();
  const progressed = createEmitter<Parameters<Parameters<JobQueue['onProgress']>[0]>>();
  const held = createEmitter<[Job, EaselError]>();
  const ended = createEmitter<[JobOutcome]>();
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  const hold = (job: Job, trouble: EaselError) => {
    explain(trouble, job);
    held.emit(job, trouble);
  };
  const coalescing = createCoalescing({ ...options.store, transitions, explain, hold, ended, closing: closing.signal });
  const parts = { store, runQueue, limits, quota, roleWeights: roleWeights ?? new Map(), coalescing, now };
  const admission = createAdmission({ ...parts, take });
  const cancel = createCancel({ store, transitions, runQueue, quota, ended, join, startNext, giveBack });
  let closed: Promise<void> | undefined;
  let runJob: ((entry: QueueEntry) => Promise<void>) | undefined;

  async function submit(draft: JobDraft): Promise<Submission> {
    if (closing.signal.aborted) throw new EaselError('closing', CLOSING, { retryable: true });
    return admission.admit(draft);
  }

  /** What cannot be shown again is drawn. */
  async function take(job: Job, earlier: Job | undefined): Promise<void> {
    try {
      if (earlier !== undefined && (await coalescing.showAgain(job, earlier))) return;
    } catch (error) {
      explain(error, job);
    }
    await join(job);
  }

  /** Takes its place, or shares that of the same task; whoever leads is charged. */
  async function join(job: Job): Promise<void> {
    const before = runQueue.active(job.task);
    const entry = runQueue.add(job);
    // It may be its turn at once, and then it never waits; its first progress comes later than this all the same.
    startNext();
    queued.emit(job);
    if (entry === before) return;
    await quota.charge(job, entry.cost);
    if (before !== undefined) await quota.charge(before.job, 0);
  }

  function startNext(): void {
    while (runJob !== undefined && !closing.signal.aborted) {
      const entry = runQueue.next();
      if (entry === undefined) return;
      const work = run(entry, runJob);
      running.add(work);
      void work.then(() => running.delete(work));
    }
  }

  async function run(entry: QueueEntry, runJob: (entry: QueueEntry) => Promise<void>): Promise<void> {
    runQueue.begin(entry);
    saveFairDebts(entry);
    throughput.begin(entry.job.id, entry.job.task);
    // What stops these is the closing of the queue, or a bug: the job keeps its last state on disk and is taken up
    // after a restart.
    await runJob(entry).catch((error: unknown) => explain(error, entry.job));
    // It goes on after a restart, and is charged then.
    if (closing.signal.aborted && isPending(entry.job)) return;
    await recordThroughput(entry).catch((error: unknown) => explain(error, entry.job));
    runQueue.end(entry, usedOf(entry));
    startNext();
    await giveBack(entry);
    await finishFollowers(entry).catch((error: unknown) => explain(error, entry.job));
  }

  async function finishFollowers(entry: QueueEntry): Promise<void> {
    await Promise.all((await coalescing.finish(entry)).map(join));
  }

  /** Not waited for: a death before it is written costs the others no more than this job's turn. */
  function saveFairDebts({ job }: QueueEntry): void {
    fairDebts.save(runQueue.debts()).catch((error: unknown) => explain(error, job));
  }

  function recordThroughput({ job, loadMs }: QueueEntry): Promise<void> {
    if (job.state === 'rendered') return throughput.finish(job.id, loadMs);
    throughput.drop(job.id);
    return Promise.resolve();
  }

  /** What was not drawn counts neither towards turns nor towards limits. */
  async function giveBack(entry: QueueEntry): Promise<void> {
    saveFairDebts(entry);
    const used = usedOf(entry);
    if (used === 1 || closing.signal.aborted) return;
    await (used > 0 ? quota.charge(entry.job, entry.cost * used) : quota.forget(entry.job));
  }

  /** Jobs that had begun come first. */
  async function recover(): Promise<void> {
    await throughput.load();
    runQueue.owe(await fairDebts.load());
    const { begun, waiting, failed } = await recoverJobs({ store, transitions, explain, isKnown: runQueue.has });
    for (const job of [...begun, ...waiting]) admission.follow(job);
    for (const job of failed) ended.emit({ kind: 'failed', job });
    for (const job of begun) runQueue.add(job, true);
    for (const job of begun) queued.emit(job);
    // The process may have died between a job and its count, and before those that followed another had its pictures.
    for (const job of begun) await quota.charge(job, runQueue.get(job.id)?.cost ?? 0);
    for (const job of waiting) {
      await take(job, runQueue.active(job.task) === undefined ? await coalescing.find(job.task) : undefined);
    }
  }

  async function close(): Promise<void> {
    closing.abort();
    const interrupted = runQueue.inOrder().filter(({ phase }) => phase === 'running');
    for (const { stop } of interrupted) stop.abort();
    await entrance.onIdle();
    await pTimeout(Promise.all(running), { milliseconds: closeGraceMs, fallback: () => undefined });
    // A process that does not come this far is taken for dead, and their attempts count.
    const excuse = ({ job }: QueueEntry) =>
      transitions.undoAttempt(job.id).catch((error: unknown) => void explain(error, job));
    await Promise.all(interrupted.map(excuse));
  }

  return {
    submit: (draft) => entrance.add(() => submit(draft)),
    cancel,
    cancellable: async (owner) => {
      const mine = (await store.unfinished()).filter((job) => isCancellable(job) && isSameUser(job.owner, owner));
      return mine.toReversed();
    },
    position: runQueue.position,
    ahead: runQueue.ahead,
    pending: () => runQueue.inOrder().flatMap(jobsSharing).filter(isPending),
    work: async (worker) => {
      await entrance.add(recover);
      runJob = createRunJob({
        worker,
        transitions,
        runQueue,
        explain,
        progressed,
        held,
        ended,
        closing: closing.signal,
      });
      startNext();
    },
    onQueued: queued.listen,
    onProgress: progressed.listen,
    onHeld: held.listen,
    onOutcome: ended.listen,
    close: () => (closed ??= close()),
  };
}

/** Share of its cost that a job that left the queue has used of the engine. */
function usedOf({ job, used, done }: QueueEntry): number {
  return used ?? (job.state === 'rendered' ? 1 : done);
}
