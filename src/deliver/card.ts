import type { ChannelRef, MessageRef } from '../core/channel.ts';
import type { Reply } from '../core/reply.ts';
import { diskTroubleOf } from '../disk-trouble.ts';
import { type ChannelPort, MessageGoneError } from '../platforms/port.ts';
import type { Courier } from './courier.ts';

/** What a message should say next. A newer face replaces one that is not shown yet. */
export interface Face {
  /** Faces with the same key look the same: the second is not sent. */
  readonly key: string;
  readonly build: () => Promise<Reply>;
  /** Least milliseconds since the message last changed. */
  readonly spacingMs: number;
  /** The message's end: only another end replaces it, and it is sent whatever its key. */
  readonly isLast: boolean;
}

export interface CardOptions {
  readonly port: ChannelPort;
  readonly courier: Courier;
  readonly channel: ChannelRef;
  /** Makes a repeated post of this card one message. */
  readonly nonce: string;
  /** Already posted before a restart. */
  readonly message?: MessageRef;
  /** An earlier process may have posted it without having noted so: what it says is then unknown. */
  readonly mayStand: boolean;
  readonly onPosted: (message: MessageRef) => Promise<void>;
  /**
   * `shown`, an end, stands; undefined when the message is gone and nothing can be shown. Rejecting means: call again.
   */
  readonly onLast: (shown: Reply | undefined) => Promise<void>;
  /** Told of every failure that will be tried again. */
  readonly onTrouble: (error: unknown, attempt: number) => void;
  /** First pause after a failure, in milliseconds; it doubles up to `MAX_PAUSE_MS`. Default 500. */
  readonly firstPauseMs?: number;
}

/** One message in a channel that follows one job: paced, sent again after failures, never twice the same. */
export interface Card {
  show(face: Face): void;
  /** Stops; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

const MAX_PAUSE_MS = 60_000;
const FIRST_PAUSE_MS = 500;

export function createCard(options: CardOptions): Card {
  const { port, courier, firstPauseMs = FIRST_PAUSE_MS } = options;
  let { message, mayStand } = options;
  let isNoted = message !== undefined;
  let wanted: Face | undefined;
  let shown: Face | undefined;
  /** What stands in the channel although the disk has not taken note of it yet. */
  let standing: { readonly face: Face; readonly reply: Reply | undefined } | undefined;
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
      if (diskTroubleOf(error, 'held') === undefined) throw error;
    }
  }

  async function send(reply: Reply): Promise<void> {
    if (message === undefined) {
      message = await courier.call(() => port.post(options.channel, reply, options.nonce), mend);
      await noteUnlessDiskRefuses(message);
      if (!mayStand) return;
      // The post may have been answered with an earlier message, which then still says something else.
    }
    const posted = message;
    await noteUnlessDiskRefuses(posted);
    await courier.call(() => port.edit(posted, reply), mend);
    mayStand = false;
  }

  async function put(face: Face): Promise<void> {
    if (standing?.face === face) return;
    let reply: Reply | undefined;
    try {
      if (!gone) {
        reply = await face.build();
        await send(reply);
      }
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      gone = true;
    }
    standing = { face, reply: gone ? undefined : reply };
  }

  /** False when it has to be tried again. */
  async function attempt(face: Face): Promise<boolean> {
    try {
      await put(face);
      if (face.isLast) {
        if (message !== undefined) await note(message);
        await options.onLast(standing?.reply);
      }
      shown = face;
      shownAt = performance.now();
      // With it goes the picture that it holds.
      standing = undefined;
      failures = 0;
      return true;
    } catch (error) {
      mayStand ||= message === undefined;
      retryAt = performance.now() + Math.min(MAX_PAUSE_MS, firstPauseMs * 2 ** failures);
      failures += 1;
      options.onTrouble(error, failures);
      return false;
    }
  }

  /** A call that was given up has come through after all, and may have covered what was shown since. */
  function mend(): void {
    standing = undefined;
    const end = shown?.isLast ? shown : undefined;
    shown = undefined;
    if (end !== undefined) show(end);
  }

  function pauseMs(face: Face): number {
    const pause = Math.max(shownAt + face.spacingMs, retryAt) - performance.now();
    if (pause > 0 || face.isLast) return pause;
    return port.roomInMs?.(options.channel, options.nonce, message) ?? 0;
  }

  async function run(): Promise<void> {
    while (wanted !== undefined && !stopped) {
      const pause = pauseMs(wanted);
      if (pause > 0) {
        // A newer face ends the pause early, and may have another spacing.
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pause);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        continue;
      }
      await courier.inTurn(options.nonce, wanted.isLast, async () => {
        if (wanted === undefined || stopped) return true;
        const face: Face = wanted;
        const isDone = await attempt(face);
        if (isDone && wanted === face) wanted = undefined;
        // That the disk did not take note of it says nothing of the platform.
        return isDone || standing?.face === face;
      });
    }
  }

  function isNews(face: Face): boolean {
    if (stopped) return false;
    if (face.isLast) return true;
    return wanted?.isLast !== true && !gone && face.key !== (wanted ?? shown)?.key;
  }

  function show(face: Face): void {
    if (!isNews(face)) return;
    wanted = face;
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
