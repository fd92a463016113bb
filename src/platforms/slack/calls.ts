import type { webApi } from '@slack/bolt';
import type { Logger as Log } from 'pino';
import { isPassing, isRefusedToken, operatorAdvice, SlackTroubleError, toTrouble } from './failures.ts';
import { METHODS, type MethodName, type MethodTraits } from './methods.ts';
import { createPace, type Pace, sleep } from './pace.ts';

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
export interface Calls {
  /** @param work calls `method` once. @param isUrgent goes before what is not @throws SlackTroubleError */
  run<Result>(method: MethodName, work: Work<Result>, isUrgent?: boolean): Promise<Result>;
  /** The same for what shows a new message: about one a second in each channel, in their order. */
  post<Result>(channelId: string, method: MethodName, work: Work<Result>, isUrgent?: boolean): Promise<Result>;
  /** See `Pace`: of the method's minute. */
  roomInMs(method: MethodName, reserve: number): number;
  /** Milliseconds until a message could be posted in this channel at once; 0 now. */
  roomForPostInMs(channelId: string): number;
  /** Ends all waiting; what is on its way to Slack comes to its end. */
  close(): void;
}

type Work<Result> = (client: webApi.WebClient) => Promise<Result>;

interface Call<Result> {
  readonly method: MethodName;
  readonly paces: readonly Pace[];
  readonly work: Work<Result>;
  readonly isUrgent: boolean;
}

export interface CallsOptions {
  readonly client: webApi.WebClient;
  readonly log: Log;
  /** Milliseconds between posts in one channel. */
  readonly postIntervalMs: number;
}

export function createCalls({ client, log, postIntervalMs }: CallsOptions): Calls {
  const methods = new Map<MethodName, Pace>();
  const channels = new Map<string, Pace>();
  const advised = new Map<string, number>();
  const closing = new AbortController();

  function methodPace(method: MethodName): Pace {
    const known = methods.get(method);
    if (known !== undefined) return known;
    const pace = createPace(MINUTE_MS / METHODS[method].perMinute, METHOD_BURST);
    methods.set(method, pace);
    return pace;
  }

  function channelPace(channelId: string): Pace {
    const pace = channels.get(channelId) ?? createPace(postIntervalMs, POST_BURST);
    channels.delete(channelId);
    channels.set(channelId, pace);
    const [oldest] = channels.keys();
    if (channels.size > REMEMBERED_CHANNELS && oldest !== undefined) channels.delete(oldest);
    return pace;
  }

  function adviseOperator(trouble: SlackTroubleError): void {
    const advice = operatorAdvice(trouble, 'SLACK_BOT_TOKEN');
    if (advice === undefined) return;
    const last = advised.get(advice);
    if (last !== undefined && performance.now() - last < REPEAT_ADVICE_MS) return;
    advised.set(advice, performance.now());
    log.error({ code: trouble.code }, advice);
  }

  /** After a rate limit Slack has done nothing, so anything may be tried again. */
  function mayTryAgain(trouble: SlackTroubleError, { repeatable }: MethodTraits): boolean {
    return trouble.retryAfterMs !== undefined || (repeatable && isPassing(trouble));
  }

  async function attempt<Result>({ method, paces, work, isUrgent }: Call<Result>): Promise<Result> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(CALL_LIMIT_MS)]);
    for (let tries = 1; ; tries++) {
      for (const pace of paces) await pace.turn(signal, isUrgent);
      try {
        return await work(client);
      } catch (error) {
        const trouble = toTrouble(error, method);
        if (isRefusedToken(trouble) || trouble.code === 'missing_scope') adviseOperator(trouble);
        if (tries >= MAX_TRIES || !mayTryAgain(trouble, METHODS[method])) throw trouble;
        // A limit on posts is the channel's: others go on meanwhile.
        if (trouble.retryAfterMs !== undefined) paces[0]?.pause(trouble.retryAfterMs);
        if (trouble.retryAfterMs === undefined) await sleep(FIRST_PAUSE_MS * 2 ** (tries - 1), signal);
      }
    }
  }

  async function make<Result>(call: Call<Result>): Promise<Result> {
    try {
      return await attempt(call);
    } catch (error) {
      throw toTrouble(error, call.method);
    }
  }

  return {
    run: (method, work, isUrgent = false) => make({ method, paces: [methodPace(method)], work, isUrgent }),
    post: (channelId, method, work, isUrgent = false) =>
      make({ method, paces: [channelPace(channelId), methodPace(method)], work, isUrgent }),
    roomInMs: (method, reserve) => methodPace(method).roomInMs(reserve),
    roomForPostInMs: (channelId) => channelPace(channelId).roomInMs(0),
    close: () => closing.abort(new SlackTroubleError('Easel is stopping')),
  };
}
