import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { type FeatureMap, Layers } from './layers.ts';

/** Sizes of a compact upscaler, read off its tensors. */
export interface CompactShape {
  readonly channels: number;
  /** Convolutions between the first and the last. */
  readonly convolutions: number;
  readonly scale: number;
}

/**
 * Real-ESRGAN's compact network (`SRVGGNetCompact`): plain convolutions, and the picture itself, enlarged, added at the end.
 * picture float32 [batch, 3, h, w] in 0…1 → larger [batch, 3, scale · h, scale · w].
 */
export function compactGraph(shape: CompactShape, weights: WeightSet, target?: GraphTarget): Uint8Array {
  const { channels, convolutions, scale } = shape;
  const g = new GraphBuilder('compact_upscaler', target);
  const input = g.floatInput('picture', ['batch', 3, 'height', 'width']);
  const layers = new Layers(g, weights, input);
  let x: FeatureMap = { value: input, channels: 3 };
  for (let i = 0; i <= convolutions; i += 1) {
    const bent = layers.conv(x, `body.${2 * i}`, channels);
    const slope = layers.parameter(`body.${2 * i + 1}.weight`, [channels], [channels, 1, 1]);
    x = { value: g.node('PRelu', [bent.value, slope]), channels };
  }
  const last = layers.conv(x, `body.${2 * (convolutions + 1)}`, 3 * scale * scale);
  const drawn = g.node('DepthToSpace', [last.value], { blocksize: scale, mode: 'CRD' });
  const scales = g.wideFloats([1, 1, scale, scale], [4]);
  const rule = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const enlarged = g.node('Resize', [input, null, scales], rule);
  g.output('larger', g.node('Add', [drawn, enlarged]), ['batch', 3, 'larger_height', 'larger_width']);
  return g.build();
}
