/** Lets go of a place in the engine. */
export type Release = () => void;

/** Who may be in the engine together: any number, or one alone. */
export interface SharedLock {
  /** Beside others, once nobody is alone in there or waits to be. @throws the signal's reason */
  shared(signal: AbortSignal): Promise<Release>;
  /** With nobody else; before those who may be together. @throws the signal's reason */
  exclusive(signal: AbortSignal): Promise<Release>;
}

interface Waiting {
  readonly exclusive: boolean;
  readonly admit: () => void;
}

/** A lock that nobody holds. */
export function createSharedLock(): SharedLock {
  const waiting: Waiting[] = [];
  let holders = 0;
  let isExclusive = false;

  function admitNext(): void {
    for (;;) {
      const next = waiting.find(({ exclusive }) => exclusive) ?? waiting[0];
      if (next === undefined || isExclusive || (next.exclusive && holders > 0)) return;
      waiting.splice(waiting.indexOf(next), 1);
      holders += 1;
      isExclusive = next.exclusive;
      next.admit();
    }
  }

  function release(): void {
    holders -= 1;
    isExclusive = false;
    admitNext();
  }

  function acquire(exclusive: boolean, signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = () => {
        waiting.splice(waiting.indexOf(mine), 1);
        reject(signal.reason);
        admitNext();
      };
      const mine = {
        exclusive,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(release);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.push(mine);
      admitNext();
    });
  }

  return { shared: (signal) => acquire(false, signal), exclusive: (signal) => acquire(true, signal) };
}
