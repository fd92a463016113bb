import type { GraphTarget } from '../onnx/graph-target.ts';
import type { SessionOptions } from '../session/session.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { type Capabilities, CPU_CAPABILITIES } from './choice.ts';
import type { PrecisionChoice } from './precision.ts';

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
  const prefersHalf = weights.isHalf || capabilities.float32 === false;
  const half = capabilities.float16 && (precision === 'float16' || (precision === 'auto' && prefersHalf));
  return { precision: half ? 'float16' : 'float32', attention: capabilities.attention };
}
