import PQueue from 'p-queue';
import pTimeout from 'p-timeout';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { hasEnded, isCancellable, isPending, type JobChanges } from '../core/job-state.ts';
import { isSameUser } from '../core/user.ts';
import { createAccounts } from './accounts.ts';
import { createAdmission } from './admission.ts';
import { type CancelDecision, decideCancel } from './cancel.ts';
import { decideKeep, decideRepeat, decideShare, type ShareDecision } from './coalescing.ts';
import { stepsOf } from './cost.ts';
import type { LocalQueueOptions } from './local-queue-options.ts';
import type { JobDraft, JobQueue, JobWorker, Submission } from './port.ts';
import { hearersOf, jobsSharing, type QueueEntry, usedOf } from './queue-entry.ts';
import { NO_QUOTA_LIMITS } from './quota.ts';
import { decideRecovery } from './recovery.ts';
import { drawEntry, isDeviceFailure } from './run-job.ts';
import { createRunQueue } from './run-queue.ts';
import { createSharedLock } from './shared-lock.ts';
import { createTransitions } from './transitions.ts';
import { decideAfterTrouble, lostError, mustRunAlone } from './trouble.ts';

/** How long a device that cannot draw gets no jobs while others can. */
const REST_MS = 60_000;

const CLOSING = 'Easel is shutting down; try again in a moment.';

/**
 * The queue of one process, and its one state machine. Every transition stands in this file: it is written to disk, then
 * made in memory, then announced. What the other files of this folder return are decisions; they call nothing back.
 *
 * In memory a job waits or runs as an entry of the run-queue, or follows the entry that draws the same task; `–` is
 * neither. `ending` is over for its owner, while the engine still holds it.
 *
 * | from      | event                              | to                             | on disk             | announced |
 * | --------- | ---------------------------------- | ------------------------------ | ------------------- | --------- |
 * | –         | submit, its pictures are kept      | –                              | queued → rendered   | outcome   |
 * | –         | submit, its task waits or runs     | following ¹                    | queued              | queued    |
 * | –         | submit                             | waiting                        | queued              | queued    |
 * | waiting   | its turn, and there is room        | running                        | running, attempts+1 | progress  |
 * | running   | the engine crashed ⁴               | running, alone on its device   | queued → running    | progress  |
 * | running   | its device cannot draw ⁴           | running, on another            | queued → running    | progress  |
 * | running   | its worker was lost                | waiting, before all others     | queued              | queued    |
 * | running   | drawn                              | ending                         | rendered            | outcome   |
 * | running   | failed, 2nd crash, or 5th loss     | ending                         | failed              | outcome   |
 * | running   | cancel                             | ending                         | cancelled           | outcome   |
 * | running   | cancel, others follow              | running, for them              | cancelled           | outcome   |
 * | waiting   | cancel                             | –, followers join anew         | cancelled           | outcome   |
 * | following | cancel                             | –                              | cancelled           | outcome   |
 * | ending    | the engine lets go                 | –                              |                     |           |
 * | following | its entry was drawn, or failed     | –                              | rendered, failed    | outcome   |
 * | following | its entry was stopped              | waiting, or following          | queued              | queued    |
 * | any       | close                              | –                              | as it is ²          |           |
 * | –         | restart: it waited                 | as after submit                | queued              | as there  |
 * | –         | restart: it ran                    | waiting, before all others     | queued              | queued    |
 * | –         | restart: it ran, the 5th loss ³    | –                              | failed              | outcome   |
 *
 * ¹ Unless its own turn is earlier: then it waits, and the other follows it.
 * ² One that runs stays `running`, and this attempt is not counted.
 * ³ Unless its worker outlives the process: then this is no loss, and no new attempt.
 * ⁴ On another device where there is one. A device that cannot draw is no fault of the job, and so no attempt.
 */
export function createLocalQueue(options: LocalQueueOptions): JobQueue {
  const {
    limits,
    explain,
    now = Date.now,
    closeGraceMs = 5000,
    runsOutlive = false,
    roleWeights = new Map(),
    modelWork,
  } = options;
  const { jobs: store, pictures, resultCache, values } = options.store;
  /** One submission at a time: a person's jobs keep their order, and a duplicate finds the first. */
  const entrance = new PQueue({ concurrency: 1 });
  const closing = new AbortController();
  const transitions = createTransitions({ store, now, explain, closing: closing.signal });
  const { queued, ended } = transitions;
  const accounts = createAccounts({ values, quotaLimits: options.quotaLimits ?? NO_QUOTA_LIMITS, now, explain });
  const runQueue = createRunQueue(options.capacity ?? { slots: 1 }, accounts.estimator, modelWork);
  const admission = createAdmission({ store, resultCache, runQueue, accounts, limits, roleWeights, modelWork, now });
  const { devices = 1 } = options.capacity ?? {};
  /** By device: alone is alone on its device. */
  const deviceLocks = Array.from({ length: devices }, createSharedLock);
  const running = new Set<Promise<void>>();
  let worker: JobWorker | undefined;
  let closed: Promise<void> | undefined;

  // – → waiting, following or rendered

  async function submit(draft: JobDraft): Promise<Submission> {
    if (closing.signal.aborted) throw new EaselError('closing', CLOSING, { retryable: true });
    const decision = await admission.decide(draft);
    const { kind, job } = decision;
    if (kind !== 'accept') return { job, isNew: false, ...(kind === 'same' && { isSame: true }) };
    await store.put(job);
    admission.remember(draft, job);
    await accounts.charge(job, decision.cost);
    if (!(await repeat(job, decision.earlier))) await join(job);
    return { job, isNew: true };
  }

  /** Ends a job with the pictures of an earlier one. False when it must be drawn. */
  async function repeat(job: Job, earlier: Job | undefined): Promise<boolean> {
    if (earlier === undefined) return false;
    try {
      return await endWithoutEngine(job, decideRepeat(job, earlier));
    } catch (error) {
      explain(error, job);
      return false;
    }
  }

  /** Takes its place, or shares that of the same task; whoever leads is charged. */
  async function join(job: Job): Promise<void> {
    const before = runQueue.active(job.task);
    const entry = runQueue.add(job);
    // It may be its turn at once, and then it never waits; its first progress comes later than this all the same.
    startNext();
    queued.emit(job, runQueue.position(entry));
    if (entry === before) return;
    await accounts.charge(job, entry.cost);
    if (before !== undefined) await accounts.charge(before.job, 0);
  }

  /** Queued → rendered or failed. False when it must be drawn. */
  async function endWithoutEngine(job: Job, decision: ShareDecision): Promise<boolean> {
    if (decision.kind === 'draw') return false;
    if (decision.kind === 'copy') {
      const { fromJobId, changes } = decision;
      const copy = () => pictures.copy(fromJobId, job.id, changes.pictures.length);
      // The pictures are gone, as when they were deleted at this very moment.
      if (!(await transitions.persist(job, copy))) return false;
    }
    await transitions.settle(job, decision.kind === 'copy' ? 'rendered' : 'failed', decision.changes);
    return true;
  }

  // waiting → running → ending → –

  function startNext(): void {
    while (worker !== undefined && !closing.signal.aborted) {
      const entry = runQueue.next();
      if (entry === undefined) return;
      const work = run(entry, worker);
      running.add(work);
      void work.then(() => running.delete(work));
    }
  }

  async function run(entry: QueueEntry, worker: JobWorker): Promise<void> {
    runQueue.begin(entry);
    accounts.saveDebts(runQueue.debts(), entry.job);
    accounts.begin(entry);
    // What stops these is the closing of the queue, or a bug: the job keeps its last state on disk and is taken up
    // after a restart.
    const end = await draw(entry, worker).catch((error: unknown) => explain(error, entry.job));
    // It goes on after a restart, and is charged then.
    if (closing.signal.aborted && isPending(entry.job)) return;
    await accounts.end(entry);
    // Unless its owner has cancelled it meanwhile.
    if (end === 'requeue' && entry.phase === 'running' && entry.job.state === 'queued') {
      runQueue.requeue(entry);
      startNext();
      announce(hearersOf(entry));
      return;
    }
    runQueue.end(entry, usedOf(entry));
    startNext();
    await giveBack(entry);
    await serveFollowers(entry).catch((error: unknown) => explain(error, entry.job));
  }

  /** Through the engine, again after a crash, until it is rendered, failed or cancelled; or its worker was lost. */
  async function draw(entry: QueueEntry, worker: JobWorker): Promise<'over' | 'requeue'> {
    const { signal } = entry.stop;
    const failedDevices = new Set<number>();
    for (;;) {
      const deviceLock = deviceLocks[entry.device];
      const lock = mustRunAlone(entry.job) ? deviceLock?.exclusive : deviceLock?.shared;
      const release = await lock?.(signal).catch(() => undefined);
      if (release === undefined) return 'over';
      const trouble = await attempt(entry, worker).finally(release);
      if (trouble === undefined || closing.signal.aborted || signal.aborted) return 'over';
      if (isDeviceFailure(trouble.error) && failedDevices.add(entry.device).size < devices) {
        rest(entry.device);
        // The job has no part in it, so that it counts as no attempt.
        await moveAway(entry, { interrupted: 'lost', attempts: entry.job.attempts - 1 });
        continue;
      }
      const decision = decideAfterTrouble(trouble.error, entry.job);
      if (decision.kind === 'fail') {
        await finish(entry, 'failed', { failure: explain(decision.error, entry.job) });
        return 'over';
      }
      if (decision.kind === 'retry') {
        await moveAway(entry, decision.changes);
        continue;
      }
      await transitions.moveEntry(entry, 'running', 'queued', decision.changes);
      return 'requeue';
    }
  }

  /** running → queued, to run again on another device where there is one. */
  async function moveAway(entry: QueueEntry, changes: JobChanges): Promise<void> {
    await transitions.moveEntry(entry, 'running', 'queued', changes);
    if (devices === 1) return;
    runQueue.moveAway(entry);
    accounts.begin(entry);
    startNext();
  }

  /** A device that cannot draw is tried again after a while. */
  function rest(device: number): void {
    runQueue.rest(device, true);
    const restore = () => {
      runQueue.rest(device, false);
      startNext();
    };
    setTimeout(restore, REST_MS).unref();
  }

  /** The trouble that it met; undefined when there is nothing left to do. */
  async function attempt(entry: QueueEntry, worker: JobWorker): Promise<{ readonly error: unknown } | undefined> {
    if (!(await transitions.moveEntry(entry, 'queued', 'running', { attempts: entry.job.attempts + 1 })))
      return undefined;
    transitions.report(entry, { phase: 'loading', step: 0, steps: stepsOf(entry.job.task) });
    // A worker that was given up may speak once more.
    let isOver = false;
    try {
      const drawn = await drawEntry(entry, worker, {
        onProgress: (progress) => !isOver && transitions.report(entry, progress),
        onHeld: (trouble) => !isOver && transitions.hold(entry, trouble),
      });
      await finish(entry, 'rendered', drawn);
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      isOver = true;
    }
  }

  async function finish(entry: QueueEntry, to: 'rendered' | 'failed', changes: JobChanges): Promise<void> {
    if (!(await transitions.moveEntry(entry, 'running', to, changes))) return;
    runQueue.remove(entry);
    ended.emit({ kind: to, job: entry.job });
  }

  /** What was not drawn counts neither towards turns nor towards limits. */
  async function giveBack(entry: QueueEntry): Promise<void> {
    accounts.saveDebts(runQueue.debts(), entry.job);
    const used = usedOf(entry);
    if (used === 1 || closing.signal.aborted) return;
    await (used > 0 ? accounts.charge(entry.job, entry.cost * used) : accounts.forget(entry.job));
  }

  /** following → rendered, failed or waiting */
  async function serveFollowers(entry: QueueEntry): Promise<void> {
    const keep = decideKeep(entry);
    if (closing.signal.aborted) {
      // They keep their state on disk; after the restart they find the pictures.
      if (keep === 'remember') await resultCache.add(entry.job);
      return;
    }
    const unserved: Job[] = [];
    for (const follower of entry.followers) {
      const served = endWithoutEngine(follower, decideShare(entry, follower)).catch((error: unknown) => {
        explain(error, follower);
        // Closing: it keeps its state on disk. Otherwise what could not be shared is drawn.
        return closing.signal.aborted;
      });
      if (!(await served)) unserved.push(follower);
    }
    if (keep === 'remember') await resultCache.add(entry.job);
    if (keep === 'delete') await pictures.delete(entry.job.id);
    await Promise.all(unserved.map(join));
  }

  // any → cancelled

  /** Ends a job wherever it stands: what its state says is on disk before the engine is told. */
  async function cancel(jobId: string): Promise<Job | undefined> {
    const job = await transitions.moveIf(jobId, (stored) => !hasEnded(stored), 'cancelled');
    if (job === undefined) return store.get(jobId);
    const leader = runQueue.leaderOf(jobId);
    const entry = runQueue.get(jobId) ?? leader;
    if (leader !== undefined) runQueue.unfollow(jobId);
    else if (entry !== undefined) entry.job = job;
    const decision = entry === undefined ? 'keep' : decideCancel(entry);
    if (entry !== undefined) letGo(entry, decision);
    ended.emit({ kind: 'cancelled', job });
    if (leader !== undefined) await accounts.forget(job);
    if (entry === undefined || decision !== 'withdraw') return job;
    // All of them at once, so that none is out of the queue when somebody looks.
    await Promise.all(entry.followers.map(join));
    startNext();
    await giveBack(entry);
    return job;
  }

  function letGo(entry: QueueEntry, decision: CancelDecision): void {
    if (decision === 'draw_for_followers') entry.used ??= entry.done;
    if (decision !== 'stop' && decision !== 'withdraw') return;
    entry.stop.abort();
    runQueue.remove(entry);
  }

  // restart and close

  /** Jobs that had begun come first. */
  async function recover(): Promise<void> {
    runQueue.owe(await accounts.load());
    const left = (await store.unfinished()).filter((job) => isPending(job) && !runQueue.has(job.id));
    const resumed: Job[] = [];
    const failed: Job[] = [];
    for (const job of left) {
      const decision = decideRecovery(job, runsOutlive);
      if (decision === 'wait') continue;
      const to = decision === 'fail' ? 'failed' : 'queued';
      const changes = decision === 'fail' ? { failure: explain(lostError(), job) } : recounted(job);
      const next = await transitions.move(job.id, 'running', to, changes);
      if (next !== undefined) (decision === 'fail' ? failed : resumed).push(next);
    }
    const waiting = left.filter((job) => job.state === 'queued');
    for (const job of [...resumed, ...waiting]) admission.follow(job);
    for (const job of failed) ended.emit({ kind: 'failed', job });
    for (const job of resumed) runQueue.add(job, true);
    announce(resumed);
    const joined: Job[] = [];
    for (const job of waiting) {
      // Those that followed another may find its pictures: the process died before they had them.
      const earlier = runQueue.active(job.task) === undefined ? await resultCache.find(job.task) : undefined;
      if (await repeat(job, earlier)) continue;
      runQueue.add(job);
      joined.push(job);
    }
    announce(joined);
    // The process may have died between a job and its count.
    for (const { id } of [...resumed, ...joined]) {
      const entry = runQueue.get(id) ?? runQueue.leaderOf(id);
      const job = entry && jobsSharing(entry).find((job) => job.id === id);
      if (job !== undefined) await accounts.charge(job, entry?.job === job ? entry.cost : 0);
    }
  }

  /** To begin it again is no new attempt where the one before goes on. */
  const recounted = ({ attempts }: Job): JobChanges => (runsOutlive ? { attempts: attempts - 1 } : {});

  /** All at once: the estimates of a long queue are made once for all of them. */
  function announce(jobs: readonly Job[]): void {
    const { jobs: placed } = runQueue.snapshot({ jobs: jobs.map(({ id }) => id) });
    for (const { job, place } of placed) queued.emit(job, place);
  }

  async function close(): Promise<void> {
    closing.abort();
    const interrupted = runsOutlive ? [] : runQueue.inOrder().filter(({ phase }) => phase === 'running');
    for (const { stop } of interrupted) stop.abort();
    await entrance.onIdle();
    const stopped = runsOutlive ? [] : [...running];
    await pTimeout(Promise.all(stopped), { milliseconds: closeGraceMs, fallback: () => undefined });
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
    snapshot: async (query) => runQueue.snapshot(query),
    work: async (work) => {
      await entrance.add(recover);
      worker = work;
      startNext();
    },
    onQueued: queued.listen,
    onProgress: transitions.progressed.listen,
    onHeld: transitions.held.listen,
    onOutcome: ended.listen,
    close: () => (closed ??= close()),
  };
}
