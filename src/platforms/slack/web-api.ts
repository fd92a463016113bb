import { setTimeout as sleep } from 'node:timers/promises';
import type { webApi } from '@slack/bolt';
import { LRUCache } from 'lru-cache';
import type { Logger as Log } from 'pino';
import { createTokenBucket, type TokenBucket } from '../shared/token-bucket.ts';
import { isRefusedToken, isTransient, operatorAdvice, SlackRequestError, toRequestError } from './errors.ts';
import { METHODS, type MethodName, type MethodTraits } from './methods.ts';

/** Waiting for turns and rate limits counts; whoever called tries again after that. */
const CALL_LIMIT_MS = 3 * 60_000;
const MAX_TRIES = 5;
const FIRST_PAUSE_MS = 500;
const MINUTE_MS = 60_000;
/** Turns that may be taken at once of a method's minute, and of a channel's seconds. */
const METHOD_BURST = 20;
const POST_BURST = 1;
/** Channels whose pace is kept; one that is forgotten was silent for long. */
const REMEMBERED_CHANNELS = 2000;
/** The operator hears of the same trouble once in this time. */
const REPEAT_ADVICE_MS = 15 * MINUTE_MS;

/** The one way to Slack's Web API: paced by method and by channel, patient with rate limits, safe to log. */
export interface WebApi {
  /** @param work calls `method` once. @param isUrgent goes before what is not @throws SlackTroubleError */
  run<Result>(method: MethodName, work: Work<Result>, isUrgent?: boolean): Promise<Result>;
  /** The same for what shows a new message: about one a second in each channel, in their order. */
  post<Result>(channelId: string, method: MethodName, work: Work<Result>, isUrgent?: boolean): Promise<Result>;
  /** See `TokenBucket`: of the method's minute. */
  availableInMs(method: MethodName, reserve: number): number;
  /** Milliseconds until a message could be posted in this channel at once; 0 now. */
  postAvailableInMs(channelId: string): number;
  /** Ends all waiting; what is on its way to Slack comes to its end. */
  close(): void;
}

type Work<Result> = (client: webApi.WebClient) => Promise<Result>;

interface Call<Result> {
  readonly method: MethodName;
  readonly buckets: readonly TokenBucket[];
  readonly work: Work<Result>;
  readonly isUrgent: boolean;
}

export interface WebApiOptions {
  readonly client: webApi.WebClient;
  readonly log: Log;
  /** Milliseconds between posts in one channel. */
  readonly postIntervalMs: number;
}

export function createWebApi({ client, log, postIntervalMs }: WebApiOptions): WebApi {
  const methods = new Map<MethodName, TokenBucket>();
  const channels = new LRUCache<string, TokenBucket>({
    max: REMEMBERED_CHANNELS,
    memoMethod: () => createTokenBucket(postIntervalMs, POST_BURST),
  });
  const advised = new Map<string, number>();
  const closing = new AbortController();

  function methodBucket(method: MethodName): TokenBucket {
    const known = methods.get(method);
    if (known !== undefined) return known;
    const bucket = createTokenBucket(MINUTE_MS / METHODS[method].perMinute, METHOD_BURST);
    methods.set(method, bucket);
    return bucket;
  }

  function adviseOperator(requestError: SlackRequestError): void {
    const advice = operatorAdvice(requestError, 'SLACK_BOT_TOKEN');
    if (advice === undefined) return;
    const last = advised.get(advice);
    if (last !== undefined && performance.now() - last < REPEAT_ADVICE_MS) return;
    advised.set(advice, performance.now());
    log.error({ code: requestError.code }, advice);
  }

  /** After a rate limit Slack has done nothing, so anything may be tried again. */
  function mayTryAgain(requestError: SlackRequestError, { repeatable }: MethodTraits): boolean {
    return requestError.retryAfterMs !== undefined || (repeatable && isTransient(requestError));
  }

  async function attempt<Result>({ method, buckets, work, isUrgent }: Call<Result>): Promise<Result> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(CALL_LIMIT_MS)]);
    for (let tries = 1; ; tries++) {
      for (const bucket of buckets) await bucket.take(signal, isUrgent);
      try {
        return await work(client);
      } catch (error) {
        const requestError = toRequestError(error, method);
        if (isRefusedToken(requestError) || requestError.code === 'missing_scope') adviseOperator(requestError);
        if (tries >= MAX_TRIES || !mayTryAgain(requestError, METHODS[method])) throw requestError;
        // A limit on posts is the channel's: others go on meanwhile.
        if (requestError.retryAfterMs !== undefined) buckets[0]?.pause(requestError.retryAfterMs);
        if (requestError.retryAfterMs === undefined) await pause(FIRST_PAUSE_MS * 2 ** (tries - 1), signal);
      }
    }
  }

  async function make<Result>(call: Call<Result>): Promise<Result> {
    try {
      return await attempt(call);
    } catch (error) {
      throw toRequestError(error, call.method);
    }
  }

  return {
    run: (method, work, isUrgent = false) => make({ method, buckets: [methodBucket(method)], work, isUrgent }),
    post: (channelId, method, work, isUrgent = false) =>
      make({ method, buckets: [channels.memo(channelId), methodBucket(method)], work, isUrgent }),
    availableInMs: (method, reserve) => methodBucket(method).availableInMs(reserve),
    postAvailableInMs: (channelId) => channels.memo(channelId).availableInMs(0),
    close: () => closing.abort(new SlackRequestError('Easel is stopping')),
  };
}

/** @throws the signal's reason when that comes first */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
