import { describe, expect, test } from 'vitest';
import { evenChannels } from '../../../engine/graph/even-channels.ts';
import { GraphBuilder, type Value } from '../../../engine/onnx/graph-builder.ts';
import { openSession } from '../../../engine/session/session.ts';

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.7));

describe('the channels of a convolution', () => {
  test.each([3, 4, 8, 10, 12, 13, 48, 320])('stay as they are where WebGPU is right: %i', (channels) => {
    const g = new GraphBuilder('even');
    const x = g.floatInput('x', [1, channels, 'height', 'width']);
    expect(evenChannels(g, x, channels)).toBe(x);
  });

  test('are filled up to a multiple of 4 where it is not, and the numbers stay the same', async () => {
    const convolve = async (prepare: (g: GraphBuilder, value: Value) => Value) => {
      const g = new GraphBuilder('even');
      const x = prepare(g, g.floatInput('x', [1, 9, 'height', 'width']));
      const weight = prepare(g, g.floats(wave(32 * 9 * 9), [32, 9, 3, 3]));
      const y = g.node('Conv', [x, weight], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      g.output('y', y, [1, 32, 'height', 'width']);
      const session = await openSession(g.build(), { provider: 'cpu', threads: 1 });
      const { data } = await session.run({ x: { data: wave(9 * 6 * 5), shape: [1, 9, 6, 5] } });
      await session.close();
      return data;
    };
    const plain = await convolve((_, value) => value);
    const even = await convolve((g, value) => evenChannels(g, value, 9));
    expect(even).toHaveLength(plain.length);
    for (const [i, value] of plain.entries()) expect(even[i]).toBeCloseTo(value, 4);
  });
});
