import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import pTimeout from 'p-timeout';
import { EaselError } from '../../core/errors.ts';
import { toRequestError } from './errors.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

const FIRST_PAUSE_MS = 1000;
/** Milliseconds that the stop waits for the connection to close. */
const STOP_LIMIT_MS = 5000;
const MAX_PAUSE_MS = 5 * 60_000;
const MAX_AWAY_MS = 3 * 60_000;

export interface GatewayOptions extends Pick<SessionOptions, 'token' | 'apiUrl' | 'shards' | 'log' | 'onInteraction'> {
  /** See `SessionOptions`; of the first session alone, since what follows may be what an earlier one has said. */
  readonly onEarlierPresence: () => void;
  /** Called for each session, the first and those that follow it. Rejecting is logged, no more. */
  readonly onSession: (session: Session) => Promise<void>;
  /** Pause before a session that has ended is replaced; it doubles up to 5 minutes. @default 1000 */
  readonly firstPauseMs?: number;
  readonly maxAwayMs?: number;
}

/** The connection to Discord, kept up: a session that ends for good is followed by another. */
export interface Gateway {
  readonly session: Session | undefined;
  /** @throws EaselError `discord_setup` when a person has to do something first */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { log, onSession, onEarlierPresence, firstPauseMs = FIRST_PAUSE_MS, maxAwayMs = MAX_AWAY_MS } = options;
  const { token, apiUrl, shards, onInteraction } = options;
  const stopping = new AbortController();
  let session: Session | undefined;
  let hasBeenOpen = false;
  let supervision: Promise<void> | undefined;

  async function open(): Promise<void> {
    const opened = await openSession({
      ...{ token, apiUrl, shards, log, maxAwayMs, onInteraction, signal: stopping.signal },
      onEarlierPresence: () => {
        if (!hasBeenOpen) onEarlierPresence();
      },
      onEnd: (reason) => replace(reason),
    });
    if (stopping.signal.aborted) return opened.close();
    hasBeenOpen = true;
    session = opened;
    await onSession(opened).catch((error: unknown) => {
      log.error({ err: toRequestError(error) }, 'Discord rejected the commands; the earlier ones stay registered');
    });
  }

  /** Opens another session, however often it takes. */
  function replace(reason: unknown): void {
    const ended = session;
    session = undefined;
    if (stopping.signal.aborted) return;
    log.error({ err: reason }, describeTrouble(reason));
    supervision = (async () => {
      await ended?.close().catch(() => undefined);
      await sleep(firstPauseMs, undefined, { signal: stopping.signal });
      await pRetry(open, {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: firstPauseMs * 2,
        maxTimeout: MAX_PAUSE_MS,
        signal: stopping.signal,
        onFailedAttempt: ({ error }) => {
          if (!stopping.signal.aborted) log.error({ err: error }, describeTrouble(error));
        },
      });
    })().catch(() => undefined);
  }

  return {
    get session() {
      return session;
    },
    start: async () => {
      try {
        await open();
      } catch (error) {
        if (error instanceof EaselError) throw error;
        // Discord or the network is away: what else the bot does need not wait for it.
        replace(error);
      }
    },
    stop: async () => {
      stopping.abort();
      const open = session;
      session = undefined;
      // discord.js may wait for a connection that never answers.
      const closed = Promise.all([open?.close(), supervision]);
      await pTimeout(closed, { milliseconds: STOP_LIMIT_MS, fallback: () => undefined });
    },
  };
}

function describeTrouble(error: unknown): string {
  return error instanceof EaselError ? error.userMessage : 'the connection to Discord was lost; Easel reconnects';
}
