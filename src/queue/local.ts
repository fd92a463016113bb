import PQueue from 'p-queue';
import type { Job } from '../core/job.ts';
import { isCancellable, isPending } from '../core/job-state.ts';
import type { RoleWeights } from '../core/role-weights.ts';
import { createSignal } from '../core/signal.ts';
import { isSameUser } from '../core/user.ts';
import { EaselError } from '../errors.ts';
import type { DrawnStore, JobStore, PictureStore, ValueStore } from '../store/port.ts';
import { createAdmission } from './admit.ts';
import { createCancel } from './cancel.ts';
import type { Capacity } from './capacity.ts';
import type { Debts } from './fair-clock.ts';
import { createJournal } from './journal.ts';
import type { QueueLimits } from './limits.ts';
import { createLine, type Entry, sharersOf } from './line.ts';
import { createPace, type Measurements } from './pace.ts';
import { createPerform } from './perform.ts';
import type { ExplainFailure, JobDraft, JobOutcome, JobQueue, Submission } from './port.ts';
import { createSharing } from './sharing.ts';
import { takeUp } from './take-up.ts';
import { createTurns } from './turns.ts';
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

/** The jobs, what was drawn, and in values `pace`, `turns` and `usage` what else the queue must know after a restart. */
export interface QueueStore {
  readonly jobs: JobStore;
  readonly pictures: Pick<PictureStore, 'copy' | 'delete'>;
  readonly drawn: DrawnStore;
  values<Value>(namespace: string): ValueStore<Value>;
}

const CLOSING = 'Easel is shutting down; ask again in a moment.';

/** The queue of one process: what the line puts first runs as soon as there is room, and the store remembers. */
export function createLocalQueue(options: LocalQueueOptions): JobQueue {
  const { limits, explain, roleWeights, now = Date.now, closeGraceMs = 5000 } = options;
  const store = options.store.jobs;
  /** One submission at a time: a person's jobs keep their order, and a duplicate finds the first. */
  const entrance = new PQueue({ concurrency: 1 });
  const journal = createJournal(store, now);
  const pace = createPace(options.store.values<Measurements>('pace'), now);
  const line = createLine(options.capacity ?? { slots: 1 }, pace.estimate);
  const turns = createTurns(options.store.values<Debts>('turns'));
  const usage = createUsage(
    options.store.values<readonly Use[]>('usage'),
    options.usageLimits ?? NO_USAGE_LIMITS,
    now,
    explain,
  );
  const queued = createSignal<[Job]>();
  const progressed = createSignal<Parameters<Parameters<JobQueue['onProgress']>[0]>>();
  const held = createSignal<[Job, EaselError]>();
  const ended = createSignal<[JobOutcome]>();
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  const hold = (job: Job, trouble: EaselError) => {
    explain(trouble, job);
    held.emit(job, trouble);
  };
  const sharing = createSharing({ ...options.store, journal, explain, hold, ended, closing: closing.signal });
  const parts = { store, line, limits, usage, roleWeights: roleWeights ?? new Map(), sharing, now };
  const admission = createAdmission({ ...parts, take });
  const cancel = createCancel({ store, journal, line, usage, ended, join, startNext, giveBack });
  let closed: Promise<void> | undefined;
  let perform: ((entry: Entry) => Promise<void>) | undefined;

  async function submit(draft: JobDraft): Promise<Submission> {
    if (closing.signal.aborted) throw new EaselError('closing', CLOSING, { retryable: true });
    return admission.admit(draft);
  }

  /** What cannot be shown again is drawn. */
  async function take(job: Job, earlier: Job | undefined): Promise<void> {
    try {
      if (earlier !== undefined && (await sharing.showAgain(job, earlier))) return;
    } catch (error) {
      explain(error, job);
    }
    await join(job);
  }

  /** Takes its place, or shares that of the same task; whoever leads is charged. */
  async function join(job: Job): Promise<void> {
    const before = line.drawing(job.task);
    const entry = line.add(job);
    // It may be its turn at once, and then it never waits; its first progress comes later than this all the same.
    startNext();
    queued.emit(job);
    if (entry === before) return;
    await usage.charge(job, entry.cost);
    if (before !== undefined) await usage.charge(before.job, 0);
  }

  function startNext(): void {
    while (perform !== undefined && !closing.signal.aborted) {
      const entry = line.next();
      if (entry === undefined) return;
      const work = run(entry, perform);
      running.add(work);
      void work.then(() => running.delete(work));
    }
  }

  async function run(entry: Entry, perform: (entry: Entry) => Promise<void>): Promise<void> {
    line.begin(entry);
    noteTurns(entry);
    pace.begin(entry.job.id, entry.job.task);
    // What stops these is the closing of the queue, or a bug: the job keeps its last state on disk and is taken up
    // after a restart.
    await perform(entry).catch((error: unknown) => explain(error, entry.job));
    // It goes on after a restart, and is charged then.
    if (closing.signal.aborted && isPending(entry.job)) return;
    await notePace(entry).catch((error: unknown) => explain(error, entry.job));
    line.end(entry, usedOf(entry));
    startNext();
    await giveBack(entry);
    await finishFollowers(entry).catch((error: unknown) => explain(error, entry.job));
  }

  async function finishFollowers(entry: Entry): Promise<void> {
    await Promise.all((await sharing.finish(entry)).map(join));
  }

  /** Not waited for: a death before it is written costs the others no more than this job's turn. */
  function noteTurns({ job }: Entry): void {
    turns.note(line.debts()).catch((error: unknown) => explain(error, job));
  }

  function notePace({ job, loadMs }: Entry): Promise<void> {
    if (job.state === 'rendered') return pace.finish(job.id, loadMs);
    pace.drop(job.id);
    return Promise.resolve();
  }

  /** What was not drawn counts neither towards turns nor towards limits. */
  async function giveBack(entry: Entry): Promise<void> {
    noteTurns(entry);
    const used = usedOf(entry);
    if (used === 1 || closing.signal.aborted) return;
    await (used > 0 ? usage.charge(entry.job, entry.cost * used) : usage.forget(entry.job));
  }

  /** Jobs that had begun come first. */
  async function recover(): Promise<void> {
    await pace.load();
    line.owe(await turns.load());
    const { begun, waiting, failed } = await takeUp({ store, journal, explain, isKnown: line.has });
    for (const job of [...begun, ...waiting]) admission.follow(job);
    for (const job of failed) ended.emit({ kind: 'failed', job });
    for (const job of begun) line.add(job, true);
    for (const job of begun) queued.emit(job);
    // The process may have died between a job and its count, and before those that followed another had its pictures.
    for (const job of begun) await usage.charge(job, line.get(job.id)?.cost ?? 0);
    for (const job of waiting) {
      await take(job, line.drawing(job.task) === undefined ? await sharing.find(job.task) : undefined);
    }
  }

  async function close(): Promise<void> {
    closing.abort();
    const interrupted = line.inOrder().filter(({ phase }) => phase === 'running');
    for (const { stop } of interrupted) stop.abort();
    await entrance.onIdle();
    await Promise.race([Promise.all(running), new Promise((done) => setTimeout(done, closeGraceMs).unref())]);
    // A process that does not come this far is taken for dead, and their attempts count.
    const excuse = ({ job }: Entry) => journal.excuse(job.id).catch((error: unknown) => void explain(error, job));
    await Promise.all(interrupted.map(excuse));
  }

  return {
    submit: (draft) => entrance.add(() => submit(draft)),
    cancel,
    cancellable: async (owner) => {
      const mine = (await store.unfinished()).filter((job) => isCancellable(job) && isSameUser(job.owner, owner));
      return mine.toReversed();
    },
    position: line.place,
    ahead: line.ahead,
    pending: () => line.inOrder().flatMap(sharersOf).filter(isPending),
    work: async (worker) => {
      await entrance.add(recover);
      perform = createPerform({ worker, journal, line, explain, progressed, held, ended, closing: closing.signal });
      startNext();
    },
    onQueued: queued.listen,
    onProgress: progressed.listen,
    onHeld: held.listen,
    onOutcome: ended.listen,
    close: () => (closed ??= close()),
  };
}

/** Share of its cost that a job that left the line has used of the engine. */
function usedOf({ job, used, done }: Entry): number {
  return used ?? (job.state === 'rendered' ? 1 : done);
}
