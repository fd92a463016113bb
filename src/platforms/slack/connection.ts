import { setTimeout as sleep } from 'node:timers/promises';
import { HTTPReceiver, type Logger, type Receiver, SocketModeReceiver, type webApi } from '@slack/bolt';
import type { Logger as Log } from 'pino';
import { EaselError } from '../../core/errors.ts';
import { isRefusedToken, operatorAdvice, refuseStart, type SlackRequestError, toRequestError } from './errors.ts';

/** How Slack's events come in: over a socket that Easel opens, or as requests to a port of Easel's. */
export type EventDelivery =
  | { readonly kind: 'socket'; readonly appToken: string }
  | { readonly kind: 'http'; readonly signingSecret: string; readonly host: string; readonly port: number };

/** The way by which Slack reaches the bot: a socket, or HTTP. */
export interface Connection {
  readonly receiver: Receiver;
  /**
   * Opens the way in; comes back when it is open, or when that will take longer and goes on by itself.
   * @throws EaselError when Slack, or this machine, will never let it open as it stands
   */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Bound port of HTTP delivery, once started. */
  readonly port: number | undefined;
}

export interface ConnectionOptions {
  readonly delivery: EventDelivery;
  readonly logger: Logger;
  readonly log: Log;
  readonly apiUrl: string | undefined;
  /** First pause before a socket is opened again, in milliseconds; it doubles up to `MAX_PAUSE_MS`. Default 500. */
  readonly firstPauseMs?: number;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** A token that Slack has refused may be put right at Slack's end; asking is cheap, if it is seldom. */
const REFUSED_PAUSE_MS = 5 * 60_000;
const OPEN_LIMIT_MS = 20_000;
const ENDPOINT = '/slack/events';

export function createConnection(options: ConnectionOptions): Connection {
  const { delivery } = options;
  return delivery.kind === 'socket'
    ? createSocketConnection(delivery.appToken, options)
    : createHttpConnection(delivery, options);
}

/**
 * Bolt's own reconnecting rejects unheard when Slack refuses a token, or cannot be reached for long, and then stays
 * apart for good. So Bolt opens a socket once each time, and this keeps it open.
 */
function createSocketConnection(appToken: string, options: ConnectionOptions): Connection {
  const { logger, log, apiUrl, firstPauseMs = FIRST_PAUSE_MS } = options;
  const clientOptions: webApi.WebClientOptions = {
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: OPEN_LIMIT_MS,
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
  };
  const receiver = new SocketModeReceiver({
    appToken,
    logger,
    autoReconnectEnabled: false,
    installerOptions: { clientOptions },
  });
  const { client } = receiver;
  const stopping = new AbortController();
  let isOpen = false;
  let failures = 0;
  let reconnecting: Promise<void> | undefined;

  async function open(): Promise<void> {
    await receiver.start();
    isOpen = true;
    failures = 0;
  }

  function pauseAfter(requestError: SlackRequestError | undefined): number {
    if (requestError !== undefined && isRefusedToken(requestError)) return REFUSED_PAUSE_MS;
    const doubled = Math.min(MAX_PAUSE_MS, firstPauseMs * 2 ** Math.min(failures, 10));
    return Math.max(doubled, requestError?.retryAfterMs ?? 0);
  }

  async function reconnect(requestError?: SlackRequestError): Promise<void> {
    for (let latest = requestError; !stopping.signal.aborted && !isOpen; ) {
      await sleep(pauseAfter(latest), undefined, { signal: stopping.signal });
      try {
        await open();
        log.info('connected to Slack again');
      } catch (error) {
        latest = toRequestError(error ?? 'the socket closed before it was open', 'apps.connections.open');
        failures += 1;
        const advice = operatorAdvice(latest, 'SLACK_APP_TOKEN');
        log[advice === undefined ? 'warn' : 'error']({ failures }, advice ?? latest.message);
      }
    }
  }

  function keepOpen(requestError?: SlackRequestError): void {
    if (stopping.signal.aborted || reconnecting !== undefined) return;
    reconnecting = reconnect(requestError)
      .catch(() => undefined)
      .finally(() => {
        reconnecting = undefined;
        if (!isOpen) keepOpen();
      });
  }

  client.on('disconnected', () => {
    isOpen = false;
    keepOpen();
  });

  return {
    receiver,
    port: undefined,
    start: async () => {
      try {
        await open();
      } catch (error) {
        const requestError = toRequestError(error ?? 'the socket closed before it was open', 'apps.connections.open');
        if (operatorAdvice(requestError, '') !== undefined) refuseStart(requestError, 'SLACK_APP_TOKEN');
        log.warn(`Slack cannot be reached yet (${requestError.message}); trying again`);
        keepOpen(requestError);
      }
    },
    stop: async () => {
      stopping.abort(new Error('stopping'));
      await reconnecting;
      if (isOpen) await client.disconnect();
    },
  };
}

function createHttpConnection(
  { signingSecret, host, port }: Extract<EventDelivery, { kind: 'http' }>,
  { logger }: ConnectionOptions,
): Connection {
  // Bolt checks each request's signature, and that its time is within 5 minutes of now.
  const receiver = new HTTPReceiver({ signingSecret, logger, endpoints: ENDPOINT });
  let bound: number | undefined;
  return {
    receiver,
    get port() {
      return bound;
    },
    start: async () => {
      try {
        const server = await receiver.start({ host, port });
        const address = server.address();
        bound = typeof address === 'object' ? address?.port : port;
      } catch (cause) {
        const { code, message } = cause as NodeJS.ErrnoException;
        const problem = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${code ?? message})`;
        throw new EaselError('slack_port', `SLACK_PORT ${port} on ${host} ${problem}; choose another.`, { cause });
      }
    },
    stop: async () => {
      if (bound === undefined) return;
      bound = undefined;
      await receiver.stop();
    },
  };
}
