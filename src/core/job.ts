import type { EngineTask, PictureRecipe } from '../../engine/index.ts';
import type { ChannelRef, MessageRef } from './channel.ts';
import type { User } from './user.ts';

/**
 * queued → running → rendered → delivered; from queued, running or rendered also → failed | cancelled;
 * running → queued when the engine died under it; queued → rendered when nothing had to be drawn for it (see
 * `transition` in job-state.ts).
 * *Rendered is not delivered*: a failed upload never renders again.
 */
export const JOB_STATES = ['queued', 'running', 'rendered', 'delivered', 'failed', 'cancelled'] as const;
/** One of `JOB_STATES`. */
export type JobState = (typeof JOB_STATES)[number];

/** A finished picture: its files live in the picture store under job id and index. */
export interface StoredPicture {
  readonly recipe: PictureRecipe;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Why a job failed. */
export interface JobFailure {
  readonly code: string;
  /** One sentence for the person who asked. */
  readonly userMessage: string;
}

/** One picture of an earlier job; `index` counts from 0. */
export interface JobParent {
  readonly jobId: string;
  readonly index: number;
}

/** An accepted request, as it lies in the store. See `transition` for its states. */
export interface Job {
  /** Made from platform and request id, so that an event delivered twice makes one job. */
  readonly id: string;
  readonly owner: User;
  readonly channel: ChannelRef;
  readonly task: EngineTask;
  /** How much of the engine its owner gets beside the others: of their roles, when they asked. 1 when absent. */
  readonly weight?: number;
  /** The picture whose button was pressed. */
  readonly parent?: JobParent;
  /** Where it comes from a message without a job of its own, or that job's message: replies link to it. */
  readonly parentMessage?: MessageRef;
  /** Its pictures are hidden until a person asks to see them. */
  readonly spoiler?: boolean;
  /** Who starred it, as `userKey` writes them; a job with a star is never pruned. */
  readonly starred?: readonly string[];
  readonly state: JobState;
  /** Times a worker has begun it; not those that ended with the bot being shut down. */
  readonly attempts: number;
  /** Those of them that a crash of the engine ended. */
  readonly crashes?: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /**
   * How the engine ended while it drew this, which is drawn again: `hung` when it did not answer any more, `lost` when its
   * worker ended with it.
   */
  readonly interrupted?: 'hung' | 'ended' | 'lost';
  /** The one message that shows this job, once posted. */
  readonly message?: MessageRef;
  /** The channel shows that it failed or was cancelled. */
  readonly announced?: boolean;
  /** The owner wants it deleted, which is under way: taken up after a restart. */
  readonly deleting?: boolean;
  /** The owner deleted the message: never post again. */
  readonly deleted?: boolean;
  readonly pictures: readonly StoredPicture[];
  /** They were drawn for this earlier job, and are shown again. */
  readonly repeatOf?: string;
  /** What the engine had to say of how it read the request, a sentence each. */
  readonly notes?: readonly string[];
  readonly failure?: JobFailure;
}
