import pTimeout from 'p-timeout';
import type { Progress } from '../../engine/index.ts';
import type { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isPending } from '../core/job-state.ts';
import { diskErrorOf } from '../lib/disk-errors.ts';
import type { Log } from '../lib/log.ts';
import { AttachmentTooLargeError, type ChannelPort } from '../platforms/port.ts';
import type { JobQueue } from '../queue/port.ts';
import type { JobStore, PictureStore } from '../store/port.ts';
import type { PictureRenderer } from './attachments.ts';
import { createMessageDeleter } from './delete-message.ts';
import { createFinalMessage } from './final-message.ts';
import { createJobMessage } from './job-message.ts';
import { connect } from './platform-connections.ts';
import { createProgressMessage, type OpenMessage } from './progress-message.ts';
import { heldReply } from './render-reply.ts';
import { createWaitingMessages } from './waiting-messages.ts';

/** What `createDeliver` needs. */
export interface DeliverOptions {
  readonly queue: JobQueue;
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly ports: readonly ChannelPort[];
  readonly renderer: PictureRenderer;
  readonly log: Log;
  /** See `JobMessageOptions` and `PlatformSenderOptions`. */
  readonly firstPauseMs?: number;
  readonly callLimitMs?: number;
}

/** Shows every job in its channel as one message, from its place in the queue to its pictures. It never renders. */
export interface Deliver {
  /** Delivers what earlier processes left: rendered pictures that were not shown, and failures that were not reported. */
  start(): Promise<void>;
  /** Removes the message and the pictures of a job that has ended; the job keeps its recipe. */
  deleteJob(job: Job): Promise<void>;
  /**
   * Stops editing; resolves when nothing is under way, or after a few seconds. What is not delivered is delivered
   * after the next start.
   */
  stop(): Promise<void>;
}

const STARTING: Progress = { phase: 'loading', step: 0, steps: 0 };
/** How long a call that is under way may take to end when the bot stops. */
const STOP_GRACE_MS = 5000;

/** Follows the queue from the moment of this call: call it before the queue works. */
export function createDeliver(options: DeliverOptions): Deliver {
  const { queue, jobs, log } = options;
  const connections = connect(options);
  const openMessages = new Map<string, OpenMessage>();
  const finalMessage = createFinalMessage(options);
  const deleter = createMessageDeleter({ ...options, connections, messages: openMessages, showEnd });
  const showRunning = createProgressMessage(options.renderer, open);
  const waiting = createWaitingMessages({ queue, log, open });
  let stopped = false;

  function open(job: Job): OpenMessage | undefined {
    const known = openMessages.get(job.id);
    if (known !== undefined) return known;
    if (stopped || job.deleted || job.deleting) return undefined;
    const connection = connections.to(job.channel.platform);
    if (connection === undefined) return undefined;
    const jobMessage = createJobMessage({
      ...connection,
      channel: job.channel,
      nonce: job.id,
      ...(job.message !== undefined && { message: job.message }),
      mayExist: job.attempts > 0 || !isPending(job),
      onPosted: async (message) => {
        await jobs.update(job.id, (stored) => ({ ...stored, message }));
      },
      onFinal: async (shown) => {
        if (await finalMessage.settle(job.id, shown)) openMessages.delete(job.id);
        if (shown === undefined) log.info({ job: job.id }, 'the message was deleted; the result is kept');
      },
      onTrouble: (error, attempt) => {
        const who = diskErrorOf(error, 'held') === undefined ? 'the channel' : 'the disk';
        log.warn({ job: job.id, attempt, err: error }, `${who} rejected a message`);
        if (!(error instanceof AttachmentTooLargeError)) return;
        opened.refusedBytes = Math.min(opened.refusedBytes, error.byteLength);
      },
      ...(options.firstPauseMs !== undefined && { firstPauseMs: options.firstPauseMs }),
    });
    const opened: OpenMessage = { message: jobMessage, port: connection.port, refusedBytes: Number.POSITIVE_INFINITY };
    openMessages.set(job.id, opened);
    return opened;
  }

  /** At once, so that messages stand in the order of the requests; its first progress then looks the same. */
  function showStarting(job: Job): void {
    if (open(job) !== undefined) showRunning.show({ ...job, attempts: job.attempts + 1 }, STARTING);
  }

  function showHeld(job: Job, { code, userMessage }: EaselError): void {
    const opened = open(job);
    const spacingMs = opened?.port.capabilities.minEditIntervalMs ?? 0;
    opened?.message.show({ key: code, build: async () => heldReply(job, userMessage), spacingMs, isFinal: false });
  }

  function showEnd(job: Job): void {
    const opened = open(job);
    if (opened === undefined) return;
    showRunning.forget(job.id);
    const { port } = opened;
    const { capabilities } = port;
    const build = () => {
      const promised = port.maxAttachmentBytes?.(job.channel, job.id) ?? capabilities.maxAttachmentBytes;
      return finalMessage.build(job.id, { ...capabilities, maxBytes: Math.min(promised, opened.refusedBytes - 1) });
    };
    opened.message.show({ key: job.state, build, spacingMs: capabilities.minEditIntervalMs, isFinal: true });
  }

  queue.onQueued((job, place) => {
    if (place.position === 0) showStarting(job);
    else waiting.show(job, place);
    waiting.follow();
  });
  queue.onProgress((job, progress) => {
    waiting.forget(job.id);
    showRunning.show(job, progress);
    waiting.follow();
  });
  queue.onHeld(showHeld);
  queue.onOutcome(({ job }) => {
    waiting.forget(job.id);
    showEnd(job);
    waiting.follow();
  });

  return {
    start: async () => {
      for (const job of await jobs.unfinished()) {
        if (job.deleting === true) deleter.resume(job);
        else if (!isPending(job)) showEnd(job);
      }
    },
    deleteJob: (job) => deleter.now(job),
    stop: async () => {
      stopped = true;
      waiting.stop();
      connections.stop();
      const stopping = Promise.all([
        deleter.stop(),
        ...[...openMessages.values()].map(({ message: jobMessage }) => jobMessage.stop()),
      ]);
      await pTimeout(stopping, { milliseconds: STOP_GRACE_MS, fallback: () => undefined });
    },
  };
}
