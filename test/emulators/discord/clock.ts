/** Milliseconds since 1970; every deadline and limit of the emulator is counted by it. */
export interface Clock {
  now(): number;
}

/** Time as it passes, and what a test adds to it: sixteen minutes go by at once. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

export function createClock(): MovableClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (ms) => {
      ahead += ms;
    },
  };
}
