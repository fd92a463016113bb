/** In a crowd, acknowledgements go first, for at most this long. */
const HOLD_LIMIT_MS = 2000;
const LOOK_AGAIN_MS = 5;
/** More than these at once are a crowd. */
const CROWD = 3;

/** Begins works one by one, each in a turn of the event loop of its own. */
export interface AckScheduler {
  /** Resolves when it is this one's turn. */
  wait(): Promise<void>;
  /** What must get through to Discord before a crowd's next turn. */
  prioritize(acknowledgement: Promise<unknown>): void;
  readonly isCrowded: boolean;
}

/**
 * A request is written to disk before it is answered, and the event loop stands still meanwhile. When many come at once
 * they take turns, so that the network is served between any two of them; and they wait until those behind them are
 * acknowledged, for which Discord gives 3 seconds.
 */
export function createAckScheduler(): AckScheduler {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let heldSince: number | undefined;

  function mustHold(): boolean {
    if (underWay === 0 || waiting.length <= CROWD) {
      heldSince = undefined;
      return false;
    }
    heldSince ??= performance.now();
    return performance.now() - heldSince < HOLD_LIMIT_MS;
  }

  function next(): void {
    if (mustHold()) {
      setTimeout(next, LOOK_AGAIN_MS);
      return;
    }
    const begin = waiting.shift();
    if (waiting.length > 0) setImmediate(next);
    begin?.();
  }

  return {
    get isCrowded() {
      return waiting.length > CROWD;
    },
    wait: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 1) setImmediate(next);
      }),
    prioritize: (acknowledgement) => {
      underWay += 1;
      const through = () => {
        underWay -= 1;
      };
      acknowledgement.then(through, through);
    },
  };
}
