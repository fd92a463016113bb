import { whileLoading } from '../session/activity.ts';
import { refuseNotFinite } from '../weights/finite.ts';
import type { WeightSet } from '../weights/weight-set.ts';

/** What a network was given, and what it made of it. */
export interface NetworkCall {
  readonly given: ArrayLike<number>;
  readonly made: ArrayLike<number>;
}

/**
 * To scan all weights at load would take a quarter of the time that loading takes. A network with one that is no number
 * gives itself away at its first call, when it makes of numbers what is none; then they are scanned.
 * @throws EngineError naming the tensor
 */
export async function blameWeights(weights: WeightSet, { given, made }: NetworkCall): Promise<void> {
  if (isAllFinite(given) && !isAllFinite(made)) await whileLoading(() => refuseNotFinite(weights.all()));
}

/** Whether each of them is a number, and none is infinite. */
export function isAllFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i += 1) if (!Number.isFinite(values[i])) return false;
  return true;
}
