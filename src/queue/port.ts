import type { EngineTask, Progress, RunResult } from '../../engine/index.ts';
import type { ChannelRef } from '../core/channel.ts';
import type { Job } from '../core/job.ts';
import type { User } from '../core/user.ts';

/** What a command asks for; the queue makes the job of it. */
export interface JobDraft {
  /** The platform's event id: the same request makes the same job. */
  readonly requestId: string;
  readonly owner: User;
  readonly channel: ChannelRef;
  readonly task: EngineTask;
  readonly parent?: { readonly jobId: string; readonly index: number };
}

export interface Submission {
  readonly job: Job;
  /** False when this request had made its job already. */
  readonly isNew: boolean;
}

export interface QueuePlace {
  /** 0 while running, 1 when next. */
  readonly place: number;
  /** Estimated milliseconds until the pictures stand; undefined before the first measurement. */
  readonly etaMs?: number;
}

export type JobOutcome =
  | { readonly kind: 'rendered'; readonly job: Job }
  | { readonly kind: 'failed'; readonly job: Job }
  | { readonly kind: 'cancelled'; readonly job: Job };

/** Does one job's work; the queue decides when. Its rejection decides whether the job is tried again. */
export type JobWorker = (job: Job, options: JobWorkOptions) => Promise<RunResult>;
export interface JobWorkOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** A fair queue of jobs. Every accepted job is on disk before `submit` resolves. */
export interface JobQueue {
  /** @throws EaselError `limit_waiting` when the owner has too many waiting, `queue_full` when everyone together has. */
  submit(draft: JobDraft): Promise<Submission>;
  /** Queued or running → cancelled. Undefined when the job is unknown; the job unchanged when it had already ended. */
  cancel(jobId: string): Promise<Job | undefined>;
  position(jobId: string): QueuePlace | undefined;
  /** Running first, then waiting in the order they will start. */
  pending(): readonly Job[];
  /** Starts working; jobs that were running when the process died run again first. */
  work(worker: JobWorker): Promise<void>;
  onQueued(listener: (job: Job) => void): void;
  onProgress(listener: (job: Job, progress: Progress) => void): void;
  onOutcome(listener: (outcome: JobOutcome) => void): void;
  /** Stops starting jobs; those that run stay `running` on disk and continue after a restart. */
  close(): Promise<void>;
}
