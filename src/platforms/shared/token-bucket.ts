/** Lets calls through one after another, no faster than Slack has agreed to: urgent ones first, else in their order. */
export interface TokenBucket {
  /** Resolves when it is this caller's turn. Rejects with the signal's reason when that comes first. */
  take(signal: AbortSignal, isUrgent?: boolean): Promise<void>;
  /** Nobody has a turn until then, and then they come one by one. */
  pause(ms: number): void;
  /** Milliseconds until one more could have a turn and `reserve` turns would still be left for others; 0 now. */
  availableInMs(reserve: number): number;
}

/**
 * A bucket that holds `burst` turns and gets a new one every `intervalMs`.
 * @param now milliseconds of a clock that never goes back
 */
export function createTokenBucket(
  intervalMs: number,
  burst: number,
  now: () => number = () => performance.now(),
): TokenBucket {
  const queues = { urgent: [] as (() => void)[], other: [] as (() => void)[] };
  let tokens = burst;
  let countedAt = now();
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  /** Milliseconds until there are so many turns. */
  function untilThereAre(count: number): number {
    const at = now();
    if (at > countedAt && intervalMs > 0) tokens = Math.min(burst, tokens + (at - countedAt) / intervalMs);
    countedAt = Math.max(countedAt, at);
    const missing = intervalMs > 0 ? countedAt - at + (count - tokens) * intervalMs : 0;
    return Math.max(0, pausedUntil - at, missing);
  }

  function letIn(): void {
    if (timer !== undefined) return;
    for (;;) {
      const queue = queues.urgent.length > 0 ? queues.urgent : queues.other;
      const [next] = queue;
      if (next === undefined) return;
      const wait = untilThereAre(1);
      if (wait > 0) {
        timer = setTimeout(() => {
          timer = undefined;
          letIn();
        }, wait);
        return;
      }
      tokens -= 1;
      queue.shift();
      next();
    }
  }

  return {
    take: (signal, isUrgent = false) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const queue = isUrgent ? queues.urgent : queues.other;
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          queue.splice(queue.indexOf(enter), 1);
          reject(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(enter);
        letIn();
      }),
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
      // What Slack counts is unknown, so the saved turns may be none.
      tokens = Math.min(tokens, 1);
      countedAt = pausedUntil;
    },
    availableInMs: (reserve) => untilThereAre(1 + reserve + queues.urgent.length + queues.other.length),
  };
}
