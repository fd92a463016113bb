/** Lets go of a place in the engine. */
export type Leave = () => void;

/** Who may be in the engine together: any number, or one alone. */
export interface Gate {
  /** Beside others, once nobody is alone in there or waits to be. @throws the signal's reason */
  together(signal: AbortSignal): Promise<Leave>;
  /** With nobody else; before those who may be together. @throws the signal's reason */
  alone(signal: AbortSignal): Promise<Leave>;
}

interface Waiting {
  readonly alone: boolean;
  readonly admit: () => void;
}

export function createGate(): Gate {
  const waiting: Waiting[] = [];
  let inside = 0;
  let isAlone = false;

  function admitNext(): void {
    for (;;) {
      const next = waiting.find(({ alone }) => alone) ?? waiting[0];
      if (next === undefined || isAlone || (next.alone && inside > 0)) return;
      waiting.splice(waiting.indexOf(next), 1);
      inside += 1;
      isAlone = next.alone;
      next.admit();
    }
  }

  function leave(): void {
    inside -= 1;
    isAlone = false;
    admitNext();
  }

  function enter(alone: boolean, signal: AbortSignal): Promise<Leave> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = () => {
        waiting.splice(waiting.indexOf(mine), 1);
        reject(signal.reason);
        admitNext();
      };
      const mine = {
        alone,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(leave);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.push(mine);
      admitNext();
    });
  }

  return { together: (signal) => enter(false, signal), alone: (signal) => enter(true, signal) };
}
