/** Lets calls through one after another, no faster than Slack has agreed to, in the order they came. */
export interface Pace {
  /** Resolves when it is this caller's turn. Rejects with the signal's reason when that comes first. */
  turn(signal: AbortSignal): Promise<void>;
  /** Nobody has a turn until then. */
  pause(ms: number): void;
}

/**
 * A bucket that holds `burst` turns and gets a new one every `intervalMs`.
 * @param now milliseconds of a clock that never goes back
 */
export function createPace(intervalMs: number, burst: number, now: () => number = () => performance.now()): Pace {
  let turns = burst;
  let countedAt = now();
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let line: Promise<unknown> = Promise.resolve();

  function waitMs(): number {
    const at = now();
    turns = Math.min(burst, turns + (at - countedAt) / intervalMs);
    countedAt = at;
    return Math.max(pausedUntil - at, (1 - turns) * intervalMs);
  }

  async function take(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const wait = waitMs();
      if (wait <= 0) break;
      await sleep(wait, signal);
    }
    turns -= 1;
  }

  return {
    turn: (signal) => {
      const taken = line.then(() => take(signal));
      line = taken.catch(() => undefined);
      return taken;
    },
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
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
