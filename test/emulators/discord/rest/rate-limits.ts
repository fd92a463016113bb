import type { Clock } from '../clock.ts';

/** Requests that a bucket takes in its window. */
export interface Limit {
  readonly requests: number;
  readonly windowMs: number;
}

/** What an answer says of its bucket, and whether the request was too many. */
export interface Verdict {
  readonly isLimited: boolean;
  readonly isGlobal: boolean;
  readonly retryAfterMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** All that a bot asks for together, but for interactions. */
const GLOBAL: Limit = { requests: 50, windowMs: 1000 };

interface Window {
  used: number;
  endsAt: number;
}

export interface RateLimits {
  /** @param bucket the route and its channel or token; @param counts whether it counts against the global limit */
  take(bucket: string, limit: Limit, counts: boolean): Verdict;
  /** Requests that were answered with 429 so far. */
  readonly refused: number;
}

export function createRateLimits(clock: Clock): RateLimits {
  const windows = new Map<string, Window>();
  let refused = 0;

  function open(name: string, { windowMs }: Limit): Window {
    const known = windows.get(name);
    if (known !== undefined && known.endsAt > clock.now()) return known;
    const fresh = { used: 0, endsAt: clock.now() + windowMs };
    windows.set(name, fresh);
    return fresh;
  }

  return {
    get refused() {
      return refused;
    },
    take: (bucket, limit, counts) => {
      const global = open('global', GLOBAL);
      if (counts && global.used >= GLOBAL.requests) {
        refused += 1;
        const retryAfterMs = global.endsAt - clock.now();
        const headers = { 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' };
        return { isLimited: true, isGlobal: true, retryAfterMs, headers: { ...headers, ...retryAfter(retryAfterMs) } };
      }
      const window = open(bucket, limit);
      const isLimited = window.used >= limit.requests;
      if (!isLimited) window.used += 1;
      if (!isLimited && counts) global.used += 1;
      if (isLimited) refused += 1;
      const leftMs = window.endsAt - clock.now();
      const headers = {
        'x-ratelimit-limit': `${limit.requests}`,
        'x-ratelimit-remaining': `${limit.requests - window.used}`,
        'x-ratelimit-reset': `${window.endsAt / 1000}`,
        'x-ratelimit-reset-after': `${leftMs / 1000}`,
        'x-ratelimit-bucket': Buffer.from(bucket.split(':')[0] ?? bucket).toString('hex'),
        ...(isLimited && { 'x-ratelimit-scope': 'user', ...retryAfter(leftMs) }),
      };
      return { isLimited, isGlobal: false, retryAfterMs: leftMs, headers };
    },
  };
}

function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { 'retry-after': `${ms / 1000}` };
}
