/** Lets calls through one after another, no faster than Slack has agreed to: urgent ones first, else in their order. */
export interface Pace {
  /** Resolves when it is this caller's turn. Rejects with the signal's reason when that comes first. */
  turn(signal: AbortSignal, isUrgent?: boolean): Promise<void>;
  /** Nobody has a turn until then, and then they come one by one. */
  pause(ms: number): void;
  /** Milliseconds until one more could have a turn and `reserve` turns would still be left for others; 0 now. */
  roomInMs(reserve: number): number;
}

/**
 * A bucket that holds `burst` turns and gets a new one every `intervalMs`.
 * @param now milliseconds of a clock that never goes back
 */
export function createPace(intervalMs: number, burst: number, now: () => number = () => performance.now()): Pace {
  const lines = { urgent: [] as (() => void)[], other: [] as (() => void)[] };
  let turns = burst;
  let countedAt = now();
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  /** Milliseconds until there are so many turns. */
  function untilThereAre(count: number): number {
    const at = now();
    if (at > countedAt && intervalMs > 0) turns = Math.min(burst, turns + (at - countedAt) / intervalMs);
    countedAt = Math.max(countedAt, at);
    const missing = intervalMs > 0 ? countedAt - at + (count - turns) * intervalMs : 0;
    return Math.max(0, pausedUntil - at, missing);
  }

  function letIn(): void {
    if (timer !== undefined) return;
    for (;;) {
      const line = lines.urgent.length > 0 ? lines.urgent : lines.other;
      const [next] = line;
      if (next === undefined) return;
      const wait = untilThereAre(1);
      if (wait > 0) {
        timer = setTimeout(() => {
          timer = undefined;
          letIn();
        }, wait);
        return;
      }
      turns -= 1;
      line.shift();
      next();
    }
  }

  return {
    turn: (signal, isUrgent = false) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const line = isUrgent ? lines.urgent : lines.other;
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          line.splice(line.indexOf(enter), 1);
          reject(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        line.push(enter);
        letIn();
      }),
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
      // What Slack counts is unknown, so the saved turns may be none.
      turns = Math.min(turns, 1);
      countedAt = pausedUntil;
    },
    roomInMs: (reserve) => untilThereAre(1 + reserve + lines.urgent.length + lines.other.length),
  };
}

/** Rejects with the signal's reason when that comes first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
