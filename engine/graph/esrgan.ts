import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { type FeatureMap, Layers } from './layers.ts';

/** Sizes of an ESRGAN, read off its tensors. */
export interface EsrganShape {
  readonly channels: number;
  readonly growth: number;
  readonly blocks: number;
  /** How many times the sides are doubled. */
  readonly doublings: number;
  /** The picture is cut into this many by this many interleaved ones first: 1 is not at all. */
  readonly unshuffle: number;
}

const SLOPE = 0.2;
/** What a residual counts for. */
const RESIDUAL = 0.2;
const CONVS = 5;

/**
 * ESRGAN (Wang et al. 2018) and Real-ESRGAN (Wang et al. 2021): residual-in-residual dense blocks, by the names of the latter.
 * picture float32 [batch, 3, h, w] in 0…1 → larger [batch, 3, scale · h, scale · w]. Sides are multiples of `unshuffle`.
 */
export function esrganGraph(shape: EsrganShape, weights: WeightSet, target?: GraphTarget): Uint8Array {
  const g = new GraphBuilder('esrgan', target);
  const input = g.floatInput('picture', ['batch', 3, 'height', 'width']);
  const layers = new Layers(g, weights, input);
  const picture: FeatureMap = { value: input, channels: 3 };
  const first = layers.conv(unshuffled(layers, picture, shape.unshuffle), 'conv_first', shape.channels);
  let x = first;
  for (let i = 0; i < shape.blocks; i += 1) x = residualBlock(layers, x, `body.${i}`, shape.growth);
  x = layers.add(first, layers.conv(x, 'conv_body', shape.channels));
  for (let i = 1; i <= shape.doublings; i += 1) {
    x = leaky(layers, layers.conv(layers.upsampleNearest(x), `conv_up${i}`, shape.channels));
  }
  x = layers.conv(leaky(layers, layers.conv(x, 'conv_hr', shape.channels)), 'conv_last', 3);
  g.output('larger', x.value, ['batch', 3, 'larger_height', 'larger_width']);
  return g.build();
}

function residualBlock(layers: Layers, x: FeatureMap, name: string, growth: number): FeatureMap {
  let inner = x;
  for (const part of ['rdb1', 'rdb2', 'rdb3']) inner = denseBlock(layers, inner, `${name}.${part}`, growth);
  return plus(layers, inner, x);
}

/** Each convolution sees what all before it made. */
function denseBlock(layers: Layers, x: FeatureMap, name: string, growth: number): FeatureMap {
  let seen = x;
  for (let i = 1; i < CONVS; i += 1) {
    const made = leaky(layers, layers.conv(seen, `${name}.conv${i}`, growth));
    const value = layers.g.node('Concat', [seen.value, made.value], { axis: 1 });
    seen = { value, channels: seen.channels + growth };
  }
  return plus(layers, layers.conv(seen, `${name}.conv${CONVS}`, x.channels), x);
}

function plus(layers: Layers, residual: FeatureMap, x: FeatureMap): FeatureMap {
  const scaled = layers.g.node('Mul', [residual.value, layers.g.floats([RESIDUAL], [1])]);
  return layers.add({ ...x, value: scaled }, x);
}

function leaky(layers: Layers, x: FeatureMap): FeatureMap {
  return { ...x, value: layers.g.node('LeakyRelu', [x.value], { alpha: { float: SLOPE } }) };
}

/** torch's `pixel_unshuffle`, as a convolution that picks: [3, n · h, n · w] → [3 · n², h, w]. */
function unshuffled(layers: Layers, x: FeatureMap, n: number): FeatureMap {
  if (n === 1) return x;
  const channels = x.channels * n * n;
  const kernel = new Float32Array(channels * x.channels * n * n);
  for (let out = 0; out < channels; out += 1) {
    const [channel, place] = [Math.floor(out / (n * n)), out % (n * n)];
    kernel[(out * x.channels + channel) * n * n + place] = 1;
  }
  const weight = layers.g.floats(kernel, [channels, x.channels, n, n]);
  const value = layers.g.node('Conv', [x.value, weight], { kernel_shape: [n, n], strides: [n, n] });
  return { value, channels };
}
