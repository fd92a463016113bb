import type { GraphTarget } from '../onnx/graph-target.ts';
import type { SessionOptions } from '../session/session.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { type Capabilities, CPU_CAPABILITIES } from './choice.ts';

/**
 * `auto`: float16 where the provider can and the weights are stored so, float32 elsewhere. `int8`: 8-bit products, on a
 * CPU only.
 */
export const PRECISION_CHOICES = ['auto', 'float32', 'float16', 'int8'] as const;
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];

export interface NetworkOptions extends SessionOptions {
  /** What the provider can do. @default CPU_CAPABILITIES */
  readonly capabilities?: Capabilities;
  /** @default 'auto' */
  readonly precision?: PrecisionChoice;
  /** Where quantised weights are kept for the next start. @default a folder for temporary files */
  readonly int8Folder?: string;
}

/** How a network of these weights is written for the provider. */
export function graphTargetFor(
  weights: WeightSet,
  { capabilities = CPU_CAPABILITIES, precision = 'auto' }: NetworkOptions,
): GraphTarget {
  const half = capabilities.float16 && (precision === 'float16' || (precision === 'auto' && weights.isHalf));
  return { precision: half ? 'float16' : 'float32', attention: capabilities.attention };
}
