import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { int8Target } from '../int8/int8-target.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import { graphTargetFor, type NetworkOptions } from '../providers/options.ts';
import { whileLoading } from '../session/activity.ts';
import type { WeightSet } from '../weights/weight-set.ts';

/** How the networks of a model are opened. */
export interface ModelOptions extends NetworkOptions {
  /** One network at a time is in memory; the small decoder of previews stays. */
  readonly offload?: boolean;
  /** See `ProviderConcurrency`. */
  readonly rowCounts?: readonly number[] | undefined;
  /** Textual inversions: their files by the word that stands for them. */
  readonly embeddings?: ReadonlyMap<string, string>;
}

/** For int8 weights whose own folder cannot be written; the system clears it some time. */
const TEMPORARY_INT8_FOLDER = join(tmpdir(), 'easel-int8');

/**
 * How a network is written, with its products in int8 where the options ask for that.
 * @param write the network's graph, for a look at its layers
 */
export async function targetFor(
  weights: WeightSet,
  options: NetworkOptions,
  write: (target: GraphTarget) => unknown,
): Promise<GraphTarget> {
  const target = graphTargetFor(weights, options);
  if (options.precision !== 'int8') return target;
  const folders = [...(options.int8Folder === undefined ? [] : [options.int8Folder]), TEMPORARY_INT8_FOLDER];
  return whileLoading(() => int8Target(target, folders, write));
}
