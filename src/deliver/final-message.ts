import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isSettled, transition } from '../core/job-state.ts';
import type { Reply, ReplyState } from '../core/reply.ts';
import type { JobStore, PictureStore } from '../store/port.ts';
import { attachFinished, type PictureLimits, type PictureRenderer } from './attachments.ts';
import { cancelledReply, doneReply, failedReply } from './render-reply.ts';

/** The stores that a final message is built from. */
export interface FinalMessageParts {
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly renderer: PictureRenderer;
}

/** How a job's message ends, and the note that it has. */
export interface FinalMessage {
  /** From the job as it is on disk now. */
  build(jobId: string, form: PictureLimits): Promise<Reply>;
  /**
   * Notes on disk that the channel shows the end. Nothing is noted when the job has ended otherwise since `shown` was
   * built, as when it was cancelled during the upload: its other end follows.
   * @param shown undefined when the message is gone: nothing can be shown any more
   * @returns whether nothing remains to be done for it
   */
  settle(jobId: string, shown: Reply | undefined): Promise<boolean>;
}

/** Reads the job anew for each message: it may have changed meanwhile. */
export function createFinalMessage({ jobs, pictures, renderer }: FinalMessageParts): FinalMessage {
  /** What cannot be shown has failed: it is never rendered again by itself. */
  async function giveUp(job: Job, { code, userMessage }: EaselError): Promise<Job> {
    const failed = await jobs.update(job.id, (stored) =>
      stored.state === 'rendered'
        ? transition(stored, 'failed', Date.now(), { failure: { code, userMessage } })
        : stored,
    );
    return failed ?? job;
  }

  return {
    build: async (jobId, form) => {
      const job = await jobs.get(jobId);
      if (job === undefined) throw new Error(`job ${jobId} is not in the store`);
      if (job.state === 'cancelled') return cancelledReply(job);
      if (job.state === 'failed') return failedReply(job);
      try {
        return doneReply(job, await attachFinished(job, pictures, renderer, form));
      } catch (error) {
        if (!(error instanceof EaselError)) throw error;
        const ended = await giveUp(job, error);
        return ended.state === 'cancelled' ? cancelledReply(ended) : failedReply(ended);
      }
    },
    settle: async (jobId, shown) => {
      const job = await jobs.update(jobId, (stored) => {
        if (isSettled(stored) || stored.deleting === true) return stored;
        if (shown !== undefined && shown.state !== finalStateOf(stored)) return stored;
        return stored.state === 'rendered'
          ? transition(stored, 'delivered', Date.now())
          : { ...stored, announced: true };
      });
      return job === undefined || isSettled(job);
    },
  };
}

function finalStateOf(job: Job): ReplyState | undefined {
  switch (job.state) {
    case 'queued':
    case 'running':
      return undefined;
    case 'rendered':
    case 'delivered':
      return 'done';
    case 'failed':
    case 'cancelled':
      return job.state;
  }
}
