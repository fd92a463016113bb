/** How much an older measurement counts for each newer one: about the last ten jobs matter. */
const DECAY = 0.9;

/** Measured speed of the engine, to estimate waiting times with. */
export interface Pace {
  /** @param cost of a finished job, in `costOf`'s unit; `ms` it took. */
  record(cost: number, ms: number): void;
  /** Milliseconds; undefined before the first measurement. */
  estimate(cost: number): number | undefined;
}

export function createPace(): Pace {
  let totalCost = 0;
  let totalMs = 0;
  return {
    record: (cost, ms) => {
      totalCost = totalCost * DECAY + cost;
      totalMs = totalMs * DECAY + ms;
    },
    estimate: (cost) => (totalCost > 0 ? (cost * totalMs) / totalCost : undefined),
  };
}
