import { EngineError, isEngineError } from '../errors.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { openSession } from '../session/session.ts';

/** WebGPU's guarantee for one binding, bytes. */
const GUARANTEED = 2 ** 27;
const WIDTH = 1024;
const FLOAT = 4;

/** Whether the provider normalises a tensor of so many bytes rightly, to its end. */
export type Check = (bytes: number) => Promise<boolean>;

/**
 * How large a tensor LayerNormalization and Softmax may be given. ONNX Runtime binds one beyond the driver's largest binding as
 * several buffers, of which these two operators read the first alone: the rest of what they make is wrong, without an
 * error (1.30 on WebGPU). Node.js is not told the limit, so it is tried where a picture comes near it.
 */
export class LargestTensor {
  readonly #check: Check;
  #right = GUARANTEED;
  #wrong = Number.POSITIVE_INFINITY;

  constructor(check: Check = isNormalisedOnWebGpu) {
    this.#check = check;
  }

  /** How many of `rows`, of so many bytes each, one call may have. @throws EngineError `out_of_memory` for not even one */
  async rows(rows: number, bytesPerRow: number): Promise<number> {
    for (let fewer = rows; fewer >= 1; fewer = Math.floor(fewer / 2)) {
      if (await this.#allows(fewer * bytesPerRow)) return fewer;
    }
    const size = `${Math.round(bytesPerRow / 1e6)} MB`;
    throw new EngineError(
      'out_of_memory',
      `This size is too large for the GPU: one step needs a buffer of ${size}, more than the driver allows; try a smaller one. The CPU has no such limit (EASEL_PROVIDER=cpu).`,
    );
  }

  async #allows(bytes: number): Promise<boolean> {
    if (bytes <= this.#right) return true;
    if (bytes >= this.#wrong) return false;
    const isRight = await this.#check(bytes);
    if (isRight) this.#right = bytes;
    else this.#wrong = bytes;
    return isRight;
  }
}

/** Any size, for providers that bind what they are given. */
export const ANY_TENSOR: Pick<LargestTensor, 'rows'> = { rows: async (rows) => rows };

async function isNormalisedOnWebGpu(bytes: number): Promise<boolean> {
  const count = Math.ceil(bytes / FLOAT / WIDTH);
  const g = new GraphBuilder('largest_tensor');
  const many = g.node('Expand', [g.floatInput('row', [1, WIDTH]), g.input('shape', 'int64', [2])]);
  const ones = g.floats(new Float32Array(WIDTH).fill(1), [WIDTH]);
  const normal = g.node('LayerNormalization', [many, ones], { epsilon: { float: 1e-5 } });
  g.output('last', g.node('Slice', [normal, g.ints([-1]), g.ints([2 ** 31]), g.ints([0])]), [1, WIDTH]);
  const session = await openSession(g.build(), { provider: 'webgpu', threads: 1, logsErrors: false });
  try {
    const row = { data: Float32Array.from({ length: WIDTH }, (_, i) => (i % 2 === 0 ? 1 : -1)), shape: [1, WIDTH] };
    const shape = { data: BigInt64Array.of(BigInt(count), BigInt(WIDTH)), shape: [2] };
    const { data } = await session.run({ row, shape });
    return data.every((value, i) => Math.abs(value - (i % 2 === 0 ? 1 : -1)) < 0.01);
  } catch (error) {
    if (isEngineError(error) && error.code === 'out_of_memory') return false;
    throw error;
  } finally {
    await session.close();
  }
}
