import type { Dialect, Precision } from './graph/dialect.ts';
import { type Ability, CPU_ABILITY } from './provider-choice.ts';
import type { SessionOptions } from './session.ts';
import type { WeightSet } from './weights/weight-set.ts';

/** `auto`: in halves where the provider can and the weights are stored so. */
export const PRECISION_CHOICES = ['auto', 'float32', 'float16'] as const satisfies readonly ('auto' | Precision)[];
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];

export interface NetworkOptions extends SessionOptions {
  /** What the provider can do; when absent, what a CPU can. */
  readonly ability?: Ability;
  /** `auto` when absent. */
  readonly precision?: PrecisionChoice;
}

/** How a network of these weights is written for the provider. */
export function dialectFor(weights: WeightSet, { ability = CPU_ABILITY, precision = 'auto' }: NetworkOptions): Dialect {
  const half = ability.halves && (precision === 'float16' || (precision === 'auto' && weights.isHalf));
  return { precision: half ? 'float16' : 'float32', attention: ability.attention };
}
