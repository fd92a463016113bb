import type { MessageRef } from '../core/channel.ts';
import type { Job } from '../core/job.ts';
import { isPending, isSettled, transition } from '../core/job-state.ts';
import type { Reply } from '../core/reply.ts';
import type { Platform } from '../core/user.ts';
import { EaselError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ChannelPort } from '../platforms/port.ts';
import type { JobQueue } from '../queue/port.ts';
import type { JobStore, PictureStore } from '../store/port.ts';
import { attachFinished, type Drawing } from './attachments.ts';
import { createCard } from './card.ts';
import { createProgressShow, type OpenCard } from './progress-show.ts';
import { cancelledReply, describePlace, doneReply, failedReply, waitingReply } from './render-reply.ts';

export interface DeliverOptions {
  readonly queue: JobQueue;
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly ports: readonly ChannelPort[];
  readonly drawing: Drawing;
  readonly log: Log;
  /** See `CardOptions`. */
  readonly firstPauseMs?: number;
}

/** Shows every job in its channel as one message, from its place in the line to its pictures. It never renders. */
export interface Deliver {
  /** Takes up what earlier processes left: pictures that stand but were not shown, ends that nobody was told of. */
  start(): Promise<void>;
  /** Removes the message and the pictures of a job that has ended; the job keeps its recipe. */
  deleteJob(job: Job): Promise<void>;
  /** Stops editing; resolves when nothing is under way. What is not delivered is delivered after the next start. */
  stop(): Promise<void>;
}

/** Milliseconds between looks at the line; the messages of those who wait follow it. */
const LINE_INTERVAL_MS = 250;

export function createDeliver(options: DeliverOptions): Deliver {
  const { queue, jobs, pictures, drawing, log } = options;
  const ports = new Map<Platform, ChannelPort>(options.ports.map((port) => [port.platform, port]));
  const cards = new Map<string, OpenCard>();
  const missedPlatforms = new Set<Platform>();
  let lineTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  function open(job: Job): OpenCard | undefined {
    const known = cards.get(job.id);
    if (known !== undefined) return known;
    const port = ports.get(job.channel.platform);
    if (stopped || job.deleted) return undefined;
    if (port === undefined) {
      tellMissing(job.channel.platform);
      return undefined;
    }
    const card = createCard({
      port,
      channel: job.channel,
      nonce: job.id,
      ...(job.message !== undefined && { message: job.message }),
      mayStand: job.attempts > 0 || !isPending(job),
      onPosted: (message) => rememberMessage(job.id, message),
      onLast: (end) => settle(job.id, end),
      onTrouble: (error, attempt) =>
        log.warn({ job: job.id, attempt, err: error }, 'the channel did not take a message'),
      ...(options.firstPauseMs !== undefined && { firstPauseMs: options.firstPauseMs }),
    });
    const opened = { card, port };
    cards.set(job.id, opened);
    return opened;
  }

  function tellMissing(platform: Platform): void {
    if (missedPlatforms.has(platform)) return;
    missedPlatforms.add(platform);
    log.warn({ platform }, 'some jobs came from a platform that is not connected now; they are delivered when it is');
  }

  async function rememberMessage(jobId: string, message: MessageRef): Promise<void> {
    await jobs.update(jobId, (job) => ({ ...job, message }));
  }

  async function settle(jobId: string, end: 'shown' | 'gone'): Promise<void> {
    await jobs.update(jobId, (job) => {
      if (job.state === 'rendered') return transition(job, 'delivered', Date.now());
      return isSettled(job) ? job : { ...job, announced: true };
    });
    cards.delete(jobId);
    if (end === 'gone') log.info({ job: jobId }, 'the message is gone; the result is kept');
  }

  function showWaiting(job: Job): void {
    const opened = open(job);
    const place = queue.position(job.id);
    if (opened === undefined || place === undefined || place.place === 0) return;
    opened.card.show({
      key: describePlace(place),
      build: async () => waitingReply(job, queue.position(job.id)),
      // The farther back, the rarer: a long line then costs few edits, and its head is still told at once.
      spacingMs: opened.port.capabilities.minEditIntervalMs * place.place,
      isLast: false,
    });
  }

  function followLine(): void {
    lineTimer ??= setTimeout(() => {
      lineTimer = undefined;
      for (const job of queue.pending()) if (job.state === 'queued') showWaiting(job);
    }, LINE_INTERVAL_MS);
  }

  const showRunning = createProgressShow(drawing, open);

  function showEnd(job: Job): void {
    const opened = open(job);
    if (opened === undefined) return;
    showRunning.forget(job.id);
    const { minEditIntervalMs, maxAttachmentBytes } = opened.port.capabilities;
    const build = () => buildEnd(job.id, maxAttachmentBytes);
    opened.card.show({ key: job.state, build, spacingMs: minEditIntervalMs, isLast: true });
  }

  /** From the job as it is on disk now. */
  async function buildEnd(jobId: string, maxBytes: number): Promise<Reply> {
    const job = await jobs.get(jobId);
    if (job === undefined) throw new Error(`job ${jobId} is not in the store`);
    if (job.state === 'cancelled') return cancelledReply(job);
    if (job.state === 'failed') return failedReply(job);
    try {
      return doneReply(job, await attachFinished(job, pictures, drawing, maxBytes));
    } catch (error) {
      if (!(error instanceof EaselError)) throw error;
      return failedReply(await giveUp(job, error));
    }
  }

  /** What cannot be shown has failed: it is never rendered again by itself. */
  async function giveUp(job: Job, { code, userMessage }: EaselError): Promise<Job> {
    const failed = await jobs.update(job.id, (stored) =>
      stored.state === 'rendered'
        ? transition(stored, 'failed', Date.now(), { failure: { code, userMessage } })
        : stored,
    );
    return failed ?? job;
  }

  queue.onQueued((job) => {
    const place = queue.position(job.id);
    if (place?.place === 0) open(job);
    else showWaiting(job);
    followLine();
  });
  queue.onProgress((job, progress) => {
    showRunning.show(job, progress);
    followLine();
  });
  queue.onOutcome(({ job }) => {
    showEnd(job);
    followLine();
  });

  return {
    start: async () => {
      for (const job of await jobs.unfinished()) if (!isPending(job)) showEnd(job);
    },
    deleteJob: async (job) => {
      const stored = (await jobs.get(job.id)) ?? job;
      const port = ports.get(stored.channel.platform);
      if (stored.message !== undefined && port !== undefined) await deleteMessage(port, stored.message);
      await jobs.update(job.id, (current) => {
        const ended = current.state === 'rendered' ? transition(current, 'delivered', Date.now()) : current;
        return { ...ended, deleted: true, announced: true };
      });
      const opened = cards.get(job.id);
      cards.delete(job.id);
      await opened?.card.stop();
      await pictures.delete(job.id);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(lineTimer);
      await Promise.all([...cards.values()].map(({ card }) => card.stop()));
    },
  };
}

async function deleteMessage(port: ChannelPort, message: MessageRef): Promise<void> {
  try {
    await port.delete(message);
  } catch (cause) {
    const sentence = 'The channel did not let the message be deleted; try again in a moment.';
    throw new EaselError('delete_failed', sentence, { retryable: true, cause });
  }
}
