import { isEngineError } from '../errors.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import { Int8Cache } from './int8-cache.ts';
import { Int8Survey } from './int8-weights.ts';

/**
 * The target with the network's products in 8 bits. The graph is written once to learn which layers it has. Where
 * no folder can be written, the target as it was: pictures come later, but they come. The log has a line for each that
 * cannot.
 * @param folders for the weights, of which the first that can be written is used
 * @param write the network's graph
 * @throws EngineError for weights that are damaged
 */
export async function int8Target(
  target: GraphTarget,
  folders: readonly string[],
  write: (target: GraphTarget) => unknown,
): Promise<GraphTarget> {
  const survey = new Int8Survey();
  write({ ...target, int8: survey });
  for (const [i, folder] of folders.entries()) {
    try {
      return { ...target, int8: await new Int8Cache(folder).read(survey.layers) };
    } catch (error) {
      if (isEngineError(error)) throw error;
      const instead = i < folders.length - 1 ? 'another folder is used' : 'this network runs in float32';
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(`The int8 weights could not be written, so ${instead}: ${reason}\n`);
    }
  }
  return target;
}
