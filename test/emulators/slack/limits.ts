import type { Faults } from './faults.ts';

const MINUTE_MS = 60_000;
const POSTS: readonly string[] = ['chat.postMessage'];

/** Slack's rate limits: calls a minute for each method, and the distance of posts in each channel. */
export interface Limits {
  /** Seconds to stay away, where the call is one too many. */
  retryAfter(method: string, perMinute: number, channel: string | undefined): number | undefined;
}

export function createLimits(faults: Faults): Limits {
  const calls = new Map<string, number[]>();
  const posted = new Map<string, number>();
  return {
    retryAfter: (method, perMinute, channel) => {
      const now = performance.now();
      const recent = (calls.get(method) ?? []).filter((at) => now - at < MINUTE_MS);
      const [oldest = now] = recent;
      if (recent.length >= (faults.callsPerMinute.get(method) ?? perMinute)) {
        return Math.max(1, Math.ceil((oldest + MINUTE_MS - now) / 1000));
      }
      const last = channel === undefined ? undefined : posted.get(channel);
      if (POSTS.includes(method) && last !== undefined && now - last < faults.postIntervalMs) return 1;
      calls.set(method, [...recent, now]);
      if (POSTS.includes(method) && channel !== undefined) posted.set(channel, now);
      return undefined;
    },
  };
}
