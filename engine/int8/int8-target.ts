import { isEngineError } from '../errors.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import { Int8Cache } from './int8-cache.ts';
import { Int8Survey } from './int8-weights.ts';

/**
 * The target with the network's products in 8 bits. The graph is written once to learn which layers it has. Where the
 * cache cannot be written, the target as it was, with a line in the log: pictures come later, but they come.
 * @param write the network's graph
 * @throws EngineError for weights that are damaged
 */
export async function int8Target(
  target: GraphTarget,
  folder: string,
  write: (target: GraphTarget) => unknown,
): Promise<GraphTarget> {
  const survey = new Int8Survey();
  write({ ...target, int8: survey });
  try {
    return { ...target, int8: await new Int8Cache(folder).read(survey.layers) };
  } catch (error) {
    if (isEngineError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`The int8 weights could not be written, so this network runs in float32: ${reason}\n`);
    return target;
  }
}
