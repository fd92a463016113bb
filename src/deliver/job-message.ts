import type { ChannelRef, MessageRef } from '../core/channel.ts';
import type { Reply } from '../core/reply.ts';
import { diskErrorOf } from '../lib/disk-errors.ts';
import { type ChannelPort, MessageGoneError } from '../platforms/port.ts';
import type { PlatformSender } from './platform-sender.ts';

/** What a message should say next. A newer revision replaces one that is not shown yet. */
export interface Revision {
  /** Revisions with the same key look the same: the second is not sent. */
  readonly key: string;
  readonly build: () => Promise<Reply>;
  /** Least milliseconds since the message last changed. */
  readonly spacingMs: number;
  /** The message's end: only another end replaces it, and it is sent whatever its key. */
  readonly isFinal: boolean;
}

/** Which job a message follows, and who is told what becomes of it. */
export interface JobMessageOptions {
  readonly port: ChannelPort;
  readonly sender: PlatformSender;
  readonly channel: ChannelRef;
  /** Makes a repeated post of this message one message. */
  readonly nonce: string;
  /** Already posted before a restart. */
  readonly message?: MessageRef;
  /** An earlier process may have posted it without having noted so: what it says is then unknown. */
  readonly mayExist: boolean;
  readonly onPosted: (message: MessageRef) => Promise<void>;
  /**
   * `shown`, an end, stands; undefined when the message is gone and nothing can be shown. Rejecting means: call again.
   */
  readonly onFinal: (shown: Reply | undefined) => Promise<void>;
  /** Told of every failure that will be tried again. */
  readonly onTrouble: (error: unknown, attempt: number) => void;
  /** First pause after a failure, in milliseconds; it doubles up to `MAX_PAUSE_MS`. @default 500 */
  readonly firstPauseMs?: number;
}

/** One message in a channel that follows one job: paced, sent again after failures, never twice the same. */
export interface JobMessage {
  show(revision: Revision): void;
  /** Stops; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

const MAX_PAUSE_MS = 60_000;
const FIRST_PAUSE_MS = 500;

/** Sends nothing until `show` is called. */
export function createJobMessage(options: JobMessageOptions): JobMessage {
  const { port, sender, firstPauseMs = FIRST_PAUSE_MS } = options;
  let { message, mayExist } = options;
  let isNoted = message !== undefined;
  let wanted: Revision | undefined;
  let shown: Revision | undefined;
  /** What stands in the channel although the disk has not taken note of it yet. */
  let unrecorded: { readonly revision: Revision; readonly reply: Reply | undefined } | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  let retryAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let gone = false;
  let stopped = false;
  let wake = () => {};
  let loop: Promise<void> | undefined;

  async function note(posted: MessageRef): Promise<void> {
    if (isNoted) return;
    await options.onPosted(posted);
    isNoted = true;
  }

  /** While the disk takes no notes the message goes on all the same: it may have to say just that. */
  async function noteUnlessDiskRefuses(posted: MessageRef): Promise<void> {
    try {
      await note(posted);
    } catch (error) {
      if (diskErrorOf(error, 'held') === undefined) throw error;
    }
  }

  async function send(reply: Reply): Promise<void> {
    if (message === undefined) {
      message = await sender.call(() => port.post(options.channel, reply, options.nonce), mend);
      await noteUnlessDiskRefuses(message);
      if (!mayExist) return;
      // The post may have been answered with an earlier message, which then still says something else.
    }
    const posted = message;
    await noteUnlessDiskRefuses(posted);
    await sender.call(() => port.edit(posted, reply), mend);
    mayExist = false;
  }

  async function put(revision: Revision): Promise<void> {
    if (unrecorded?.revision === revision) return;
    let reply: Reply | undefined;
    try {
      if (!gone) {
        reply = await revision.build();
        await send(reply);
      }
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      gone = true;
    }
    unrecorded = { revision, reply: gone ? undefined : reply };
  }

  /** False when it has to be tried again. */
  async function attempt(revision: Revision): Promise<boolean> {
    try {
      await put(revision);
      if (revision.isFinal) {
        if (message !== undefined) await note(message);
        await options.onFinal(unrecorded?.reply);
      }
      shown = revision;
      shownAt = performance.now();
      // With it goes the picture that it holds.
      unrecorded = undefined;
      failures = 0;
      return true;
    } catch (error) {
      mayExist ||= message === undefined;
      retryAt = performance.now() + Math.min(MAX_PAUSE_MS, firstPauseMs * 2 ** failures);
      failures += 1;
      options.onTrouble(error, failures);
      return false;
    }
  }

  /** A call that was given up has come through after all, and may have covered what was shown since. */
  function mend(): void {
    unrecorded = undefined;
    const end = shown?.isFinal ? shown : undefined;
    shown = undefined;
    if (end !== undefined) show(end);
  }

  function pauseMs(revision: Revision): number {
    const pause = Math.max(shownAt + revision.spacingMs, retryAt) - performance.now();
    if (pause > 0 || revision.isFinal) return pause;
    return port.progressDelayMs?.(options.channel, options.nonce, message) ?? 0;
  }

  async function run(): Promise<void> {
    while (wanted !== undefined && !stopped) {
      const pause = pauseMs(wanted);
      if (pause > 0) {
        // A newer revision ends the pause early, and may have another spacing.
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pause);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        continue;
      }
      await sender.enqueue(options.nonce, wanted.isFinal, async () => {
        if (wanted === undefined || stopped) return true;
        const revision: Revision = wanted;
        const isDone = await attempt(revision);
        if (isDone && wanted === revision) wanted = undefined;
        // That the disk did not take note of it says nothing of the platform.
        return isDone || unrecorded?.revision === revision;
      });
    }
  }

  function isNews(revision: Revision): boolean {
    if (stopped) return false;
    if (revision.isFinal) return true;
    return wanted?.isFinal !== true && !gone && revision.key !== (wanted ?? shown)?.key;
  }

  function show(revision: Revision): void {
    if (!isNews(revision)) return;
    wanted = revision;
    wake();
    loop ??= run().finally(() => {
      loop = undefined;
    });
  }

  return {
    show,
    stop: async () => {
      stopped = true;
      wake();
      await loop;
    },
  };
}
