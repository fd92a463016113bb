import type { Progress } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import type { Job, JobFailure, StoredPicture } from '../core/job.ts';
import type { User } from '../core/user.ts';

/** What a command asks for; the queue makes the job of it. */
export interface JobDraft
  extends Pick<Job, 'owner' | 'channel' | 'task' | 'parent' | 'parentMessage' | 'spoiler' | 'notes'> {
  /** The platform's event id: the same request makes the same job. */
  readonly requestId: string;
  /** The button that was pressed, if one was: pressed twice in a moment, it counts once. */
  readonly pressed?: string;
  /** Ids of the platform's roles or groups that the owner has there; they may weigh more in the queue. */
  readonly roles?: readonly string[];
}

/** What became of a `JobDraft`. */
export interface Submission {
  readonly job: Job;
  /** False when the job was there already: of this request, of the same press of a button, or of one just like it. */
  readonly isNew: boolean;
  /** True when the same person asked for exactly the same in the same place, and it is not drawn yet. */
  readonly isSame?: boolean;
}

/** Where a job stands in the queue. */
export interface QueuePosition {
  /** 0 while running, 1 when next. */
  readonly position: number;
  /** Estimated milliseconds until the pictures stand; undefined before the first measurement. */
  readonly etaMs?: number;
}

/** Other people and the pictures they wait for. */
export interface OthersAhead {
  readonly people: number;
  readonly pictures: number;
}

/** What begins before a waiting job, and why. */
export interface Ahead {
  /** Requests of the same owner, who asked for them first. */
  readonly own: number;
  /** Of people who have had less of the engine lately than the owner. */
  readonly hadLess: OthersAhead;
  /** Of people whose turns come between the owner's requests. */
  readonly turns: OthersAhead;
  /** Of people who asked first, and have had as much. */
  readonly cameFirst: OthersAhead;
  /** Someone's roles weigh: "less" and "as much" are by weight. */
  readonly weighted: boolean;
}

/** Which jobs a snapshot tells of; all of them when absent. */
export interface SnapshotQuery {
  /** Only these. */
  readonly jobs?: readonly string[];
  /** Only those of this person. */
  readonly owner?: Pick<User, 'platform' | 'id'>;
  /** Of these the first so many; none for who wants the counts. */
  readonly first?: number;
  /** Says of each what is ahead of it, which takes as long as the queue is. @default false */
  readonly explain?: boolean;
}

/** A job that waits or runs. */
export interface QueuedJob {
  readonly job: Job;
  /** Of a job that shares the work of another, that one's. */
  readonly place: QueuePosition;
  /** Of a job that waits by itself, if it was asked for. */
  readonly ahead?: Ahead;
}

/** The queue at one moment. */
export interface QueueSnapshot {
  /** Of all jobs, whichever were asked for. */
  readonly running: number;
  readonly waiting: number;
  /** Running first, then waiting in the order they will start. */
  readonly jobs: readonly QueuedJob[];
}

/** How the queue's part of a job ended. `rendered` is not yet delivered. */
export type JobOutcome =
  | { readonly kind: 'rendered'; readonly job: Job }
  | { readonly kind: 'failed'; readonly job: Job }
  | { readonly kind: 'cancelled'; readonly job: Job };

/** Whatever drew a job is gone, as far as is known by no fault of the job: another worker may draw it. */
export class WorkerLostError extends EaselError {
  override readonly name = 'WorkerLostError';

  constructor(cause?: unknown) {
    super('worker_lost', 'What drew this picture stopped; it is drawn again.', { retryable: true, cause });
  }
}

/**
 * Does one job's work; the queue decides when. Its rejection decides whether the job is tried again: after an EngineError
 * `engine_crashed` it is, once, in its slot; after a `WorkerLostError` it is, some times, when there is a slot again.
 */
export type JobWorker = (job: Job, options: JobWorkOptions) => Promise<JobResult>;
/**
 * What a worker says of a job that it has drawn; the pictures themselves are in the picture store by then, so that they
 * need not pass through the process of the queue.
 */
export interface JobResult {
  readonly pictures: readonly StoredPicture[];
  /** What the engine had to say of how it read the request, a sentence each. */
  readonly notes: readonly string[];
  /** Milliseconds that it waited for its model to be read. */
  readonly loadMs: number;
}

/** What a worker is given beside the job; `signal` is aborted when the job is cancelled or the queue closes. */
export interface JobWorkOptions {
  readonly signal: AbortSignal;
  /** Index of the device that is to draw it, where there are several. */
  readonly device: number;
  readonly onProgress: (progress: Progress) => void;
  /** The job cannot go on for now, as when the disk is full; it does by itself. */
  readonly onHeld: (trouble: EaselError) => void;
}

/** What a job's failure is told as; logs whatever the sentence leaves out. */
export type ExplainFailure = (error: unknown, job: Job) => JobFailure;

/**
 * A fair queue of jobs. Every accepted job is on disk before `submit` resolves.
 *
 * @example
 * queue.onOutcome(({ kind, job }) => log.info({ job: job.id }, kind));
 * await queue.work(createRunner(engine, store));
 * const { job, isNew } = await queue.submit({ requestId, owner, channel, task });
 * await queue.snapshot({ jobs: [job.id] }); // { running: 1, waiting: 1, jobs: [{ job, place: { position: 1, etaMs: 12000 } }] }
 * await queue.cancel(job.id);
 */
export interface JobQueue {
  /**
   * @throws EaselError `limit_waiting` when the owner has too many waiting, `queue_full` when everyone together has,
   * `limit_hour` or `limit_day` when the owner has asked for too much lately
   */
  submit(draft: JobDraft): Promise<Submission>;
  /**
   * Queued, running or rendered but not delivered yet → cancelled. Undefined when the job is unknown; the job unchanged
   * when it had already ended.
   */
  cancel(jobId: string): Promise<Job | undefined>;
  /** What `cancel` would end of a person's jobs, newest first: waiting, running, or rendered but not delivered yet. */
  cancellable(owner: Pick<User, 'platform' | 'id'>): Promise<readonly Job[]>;
  /** How the queue stands, and where the jobs in it that are asked for. */
  snapshot(query?: SnapshotQuery): Promise<QueueSnapshot>;
  /**
   * Takes up every unfinished job of the store and starts working; jobs that were running when the process died run
   * again first. Listen before this is called.
   */
  work(worker: JobWorker): Promise<void>;
  /** A new job was accepted, or an old one taken up again; `place` is where it stands now. */
  onQueued(listener: (job: Job, place: QueuePosition) => void): void;
  /** Also called with step 0 whenever the engine begins a job. */
  onProgress(listener: (job: Job, progress: Progress) => void): void;
  /** A job cannot go on for now, as when the disk is full; what comes next says that it does. */
  onHeld(listener: (job: Job, trouble: EaselError) => void): void;
  onOutcome(listener: (outcome: JobOutcome) => void): void;
  /**
   * Stops starting jobs. Those that run stay `running` on disk and begin again, before all others, after a restart; the
   * beginning that this ends is not counted among their attempts.
   */
  close(): Promise<void>;
}
