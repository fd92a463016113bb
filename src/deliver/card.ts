import type { ChannelRef, MessageRef } from '../core/channel.ts';
import type { Reply } from '../core/reply.ts';
import { type ChannelPort, MessageGoneError } from '../platforms/port.ts';

/** What a message should say next. A newer face replaces one that is not shown yet. */
export interface Face {
  /** Faces with the same key look the same: the second is not sent. */
  readonly key: string;
  readonly build: () => Promise<Reply>;
  /** Least milliseconds since the message last changed. */
  readonly spacingMs: number;
  /** The message's end: no later face replaces it, and it is sent whatever its key. */
  readonly isLast: boolean;
}

export interface CardOptions {
  readonly port: ChannelPort;
  readonly channel: ChannelRef;
  /** Makes a repeated post of this card one message. */
  readonly nonce: string;
  /** Already posted before a restart. */
  readonly message?: MessageRef;
  /** An earlier process may have posted it without having noted so: what it says is then unknown. */
  readonly mayStand: boolean;
  readonly onPosted: (message: MessageRef) => Promise<void>;
  /** The last face stands, or the message is gone and nothing can be shown. Rejecting means: send it again. */
  readonly onLast: (end: 'shown' | 'gone') => Promise<void>;
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
  const { port, firstPauseMs = FIRST_PAUSE_MS } = options;
  let { message, mayStand } = options;
  let wanted: Face | undefined;
  let shownKey: string | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  let retryAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let gone = false;
  let stopped = false;
  let wake = () => {};
  let loop: Promise<void> | undefined;

  async function send(face: Face): Promise<void> {
    const reply = await face.build();
    if (message === undefined) {
      const posted = await port.post(options.channel, reply, options.nonce);
      await options.onPosted(posted);
      message = posted;
      if (!mayStand) return;
      // The post may have been answered with an earlier message, which then still says something else.
    }
    await port.edit(message, reply);
    mayStand = false;
  }

  async function sendUnlessGone(face: Face): Promise<void> {
    try {
      if (!gone) await send(face);
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      gone = true;
    }
  }

  /** False when it has to be tried again. */
  async function attempt(face: Face): Promise<boolean> {
    try {
      await sendUnlessGone(face);
      if (face.isLast) await options.onLast(gone ? 'gone' : 'shown');
      shownKey = face.key;
      shownAt = performance.now();
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

  const pauseMs = (face: Face): number => Math.max(shownAt + face.spacingMs, retryAt) - performance.now();

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
      const face: Face = wanted;
      if ((await attempt(face)) && wanted === face) wanted = undefined;
    }
  }

  function isNews(face: Face): boolean {
    if (stopped || wanted?.isLast) return false;
    if (face.isLast) return true;
    return !gone && face.key !== (wanted?.key ?? shownKey);
  }

  return {
    show: (face) => {
      if (!isNews(face)) return;
      wanted = face;
      wake();
      loop ??= run().finally(() => {
        loop = undefined;
      });
    },
    stop: async () => {
      stopped = true;
      wake();
      await loop;
    },
  };
}
