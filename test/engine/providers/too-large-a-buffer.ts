import { LargestTensor } from '../../../engine/networks/largest-tensor.ts';
import { GraphBuilder } from '../../../engine/onnx/graph-builder.ts';
import { openSession } from '../../../engine/session/session.ts';

/**
 * Asks WebGPU for a tensor of 16 GB and, in the same session, for one of 4 KB, and how many rows of a little more than half of
 * its guarantee it normalises at a time; prints what came of each as JSON.
 */

const COLUMNS = 1024;

const g = new GraphBuilder('too_large');
const x = g.floatInput('x', [1, COLUMNS]);
const shape = g.node('Concat', [g.input('rows', 'int64', [1]), g.ints([COLUMNS])], { axis: 0 });
const twice = g.node('Add', [g.node('Expand', [x, shape]), x]);
g.output('y', g.node('Slice', [twice, g.ints([0]), g.ints([1]), g.ints([0])]), [1, COLUMNS]);

const session = await openSession(g.build(), { provider: 'webgpu', threads: 1 });
const data = Float32Array.from({ length: COLUMNS }, (_, i) => i);
const double = async (count: number) => {
  const inputs = {
    x: { data, shape: [1, COLUMNS] },
    rows: { data: BigInt64Array.of(BigInt(count)), shape: [1] },
  };
  try {
    const { data: doubled } = await session.run(inputs);
    return { isRight: doubled.every((value, i) => value === 2 * i) };
  } catch (error) {
    return { code: (error as { code?: string }).code, message: (error as Error).message };
  }
};
const rows = await new LargestTensor().rows(2, 2 ** 26 + 4 * COLUMNS);
const outcome = { large: await double(4 * 1024 ** 2), small: await double(1), rows };
await session.close();
process.stdout.write(`${JSON.stringify(outcome)}\n`);
