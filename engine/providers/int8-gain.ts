import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { openSession, type Session } from '../session/session.ts';

/** About a linear layer of a v1 model, for two rows of 512×512 pixels. */
const ROWS = 2048;
const INPUTS = 1280;
const OUTPUTS = 2560;
const RUNS = 7;
/** ONNX's number for float32. */
const FLOAT = 1;

/**
 * How many times as fast this CPU multiplies in int8 as in float32: the median over pairs of runs, within about a second.
 * @param threads as `SessionOptions` has them
 */
export async function measureInt8Gain(threads: number): Promise<number> {
  const options = { provider: 'cpu', threads } as const;
  const [float32, int8] = [
    await openSession(productGraph(float32Product), options),
    await openSession(productGraph(int8Product), options),
  ];
  try {
    const ratios: number[] = [];
    // The first pair is not counted: memory is taken in it.
    for (let run = 0; run <= RUNS; run += 1) {
      const ratio = (await timeOf(float32)) / (await timeOf(int8));
      if (run > 0) ratios.push(ratio);
    }
    return ratios.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 1;
  } finally {
    await Promise.all([float32.close(), int8.close()]);
  }
}

const INPUT = Float32Array.from({ length: ROWS * INPUTS }, (_, i) => Math.sin(i));

async function timeOf(session: Session): Promise<number> {
  const began = performance.now();
  await session.run({ x: { data: INPUT, shape: [ROWS, INPUTS] } });
  return performance.now() - began;
}

function productGraph(product: (g: GraphBuilder, x: Value) => Value): Uint8Array {
  const g = new GraphBuilder('product');
  const y = product(g, g.floatInput('x', [ROWS, INPUTS]));
  // All of it is computed; to hand it over would take as long.
  g.output('y', g.node('Slice', [y, g.ints([0]), g.ints([1])]), [1, OUTPUTS]);
  return g.build();
}

function float32Product(g: GraphBuilder, x: Value): Value {
  return g.node('MatMul', [x, g.wideFloats(new Float32Array(INPUTS * OUTPUTS), [INPUTS, OUTPUTS])]);
}

/** As `graph/int8-products.ts` writes it; the values of the weights do not matter. */
function int8Product(g: GraphBuilder, x: Value): Value {
  const [data, scale, zero] = g.nodes('DynamicQuantizeLinear', [x], 3);
  if (data === undefined || scale === undefined || zero === undefined) throw new Error('it makes three values');
  const weights = g.node('Reshape', [g.int8Zeros(INPUTS * OUTPUTS), g.ints([INPUTS, OUTPUTS])]);
  const sums = g.node('MatMulInteger', [data, weights, zero, g.int8Zeros(OUTPUTS)]);
  const scales = g.node('Mul', [scale, g.wideFloats(new Float32Array(OUTPUTS).fill(0.01), [OUTPUTS])]);
  return g.node('Mul', [g.node('Cast', [sums], { to: FLOAT }), scales]);
}
