import pRetry from 'p-retry';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isPending, isSettled, transition } from '../core/job-state.ts';
import type { Log } from '../lib/log.ts';
import type { JobStore, PictureStore } from '../store/port.ts';
import type { PlatformConnections } from './platform-connections.ts';
import type { OpenMessage } from './progress-message.ts';

/** What deleting needs of delivery. */
export interface MessageDeleterParts {
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly connections: PlatformConnections;
  readonly log: Log;
  /** Those that are open; an erased job's is closed. */
  readonly messages: Map<string, OpenMessage>;
  readonly showEnd: (job: Job) => void;
}

/** Takes a job's message and pictures away. The wish is on disk first, so that a restart in the middle finishes it. */
export interface MessageDeleter {
  /** @throws EaselError `delete_failed` when the channel keeps the message: everything is then as it was */
  now(job: Job): Promise<void>;
  /** What an earlier process began, in the background, until it succeeds. */
  resume(job: Job): void;
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

export function createMessageDeleter({
  jobs,
  pictures,
  connections,
  log,
  messages: openMessages,
  showEnd,
}: MessageDeleterParts): MessageDeleter {
  const stopping = new AbortController();
  const resumed = new Set<Promise<void>>();

  async function deleter(jobId: string): Promise<void> {
    const opened = openMessages.get(jobId);
    // What the message has under way may be the very post whose message is to go.
    await opened?.message.stop();
    openMessages.delete(jobId);
    const job = await jobs.get(jobId);
    if (job === undefined) return;
    await deleteMessage(job);
    await pictures.delete(jobId);
    await jobs.update(jobId, ({ deleting: _, ...stored }) => {
      const ended = stored.state === 'rendered' ? transition(stored, 'delivered', Date.now()) : stored;
      return { ...ended, deleted: true, announced: true };
    });
  }

  async function deleteMessage({ channel, message }: Job): Promise<void> {
    if (message === undefined) return;
    const connection = connections.to(channel.platform);
    try {
      if (connection === undefined) throw new Error(`${channel.platform} is not connected`);
      const { port, sender } = connection;
      await sender.call(
        () => port.delete(message),
        () => undefined,
      );
    } catch (cause) {
      const sentence = 'The channel did not allow Easel to delete the message; try again in a moment.';
      throw new EaselError('delete_failed', sentence, { retryable: true, cause });
    }
  }

  async function keepAfterAll(jobId: string): Promise<void> {
    const kept = await jobs.update(jobId, ({ deleting: _, ...stored }) => stored);
    if (kept !== undefined && !isPending(kept) && !isSettled(kept)) showEnd(kept);
  }

  /** Never rejects: what the stop of the bot interrupts goes on after the next start. */
  async function deleteUntilDone(jobId: string): Promise<void> {
    await pRetry(() => deleter(jobId), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: FIRST_PAUSE_MS,
      maxTimeout: MAX_PAUSE_MS,
      signal: stopping.signal,
      onFailedAttempt: ({ error }) =>
        log.warn({ job: jobId, err: error }, 'a message could not be deleted; Easel tries again'),
    }).catch(() => undefined);
  }

  return {
    now: async ({ id }) => {
      await jobs.update(id, (stored) => ({ ...stored, deleting: true }));
      try {
        await deleter(id);
      } catch (error) {
        if (error instanceof EaselError && error.code === 'delete_failed') await keepAfterAll(id);
        throw error;
      }
    },
    resume: (job) => {
      if (connections.to(job.channel.platform) === undefined) return;
      const work = deleteUntilDone(job.id).finally(() => resumed.delete(work));
      resumed.add(work);
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(resumed);
    },
  };
}
