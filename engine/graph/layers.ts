import type { Activation } from '../model/configs.ts';
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { AdapterSlots } from './adapter-slots.ts';
import { multiHeadAttention } from './attention.ts';
import { evenChannels } from './even-channels.ts';
import { Int8Products } from './int8-products.ts';

/** A picture-like tensor [batch, channels, height, width]; only the channel count is known when the graph is written. */
export interface FeatureMap {
  readonly value: Value;
  readonly channels: number;
}

/** A row a token: [batch · tokens, channels]. Linear layers run on this form as one matrix product. */
export interface Tokens {
  readonly value: Value;
  readonly channels: number;
}

/** More than any side of a feature map. */
const MAX_SIDE = 1 << 20;

/** The layers that the three networks are made of, with their weights looked up by published name. */
export class Layers {
  readonly g: GraphBuilder;
  readonly weights: WeightSet;
  readonly #adapters: AdapterSlots;
  readonly #int8: Int8Products;
  /** int64 [1]: the batch size of this call. */
  readonly #batch: Value;

  /** @param batchSource any tensor whose first side is the batch. */
  constructor(g: GraphBuilder, weights: WeightSet, batchSource: Value, adapters = new AdapterSlots('none')) {
    this.g = g;
    this.weights = weights;
    this.#adapters = adapters;
    this.#int8 = new Int8Products(g);
    this.#batch = g.node('Slice', [g.node('Shape', [batchSource]), g.ints([0]), g.ints([1])]);
  }

  parameter(names: string | readonly string[], shape: readonly number[], dims: readonly number[] = shape): Value {
    return this.g.weight(this.weights.tensor(names, shape), dims);
  }

  /** Square convolution that keeps the size at stride 1. `pads` are top, left, bottom, right. */
  conv(
    x: FeatureMap,
    name: string,
    channels: number,
    { kernel = 3, stride = 1, pads }: { kernel?: number; stride?: number; pads?: readonly number[] } = {},
  ): FeatureMap {
    const same = Math.floor(kernel / 2);
    const sides = pads ?? [same, same, same, same];
    const weight = this.weights.tensor(`${name}.weight`, [channels, x.channels, kernel, kernel]);
    const bias = this.parameter(`${name}.bias`, [channels]);
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: sides };
    const int8 = this.g.target.int8?.of(weight, { outputs: channels, channels: x.channels, kernel });
    const base =
      int8 === undefined
        ? this.g.node(
            'Conv',
            [
              evenChannels(this.g, x.value, x.channels),
              evenChannels(this.g, this.g.weight(weight, [channels, x.channels, kernel, kernel]), x.channels),
              bias,
            ],
            attributes,
          )
        : this.#int8.conv(x.value, int8, bias, { kernel, stride, pads: sides });
    const slot = { name, inChannels: x.channels, outChannels: channels, kernel };
    return { value: this.#adapters.conv(this.g, base, x.value, slot, attributes), channels };
  }

  /** x · Wᵀ + b, the weight as PyTorch stores it: [out, in], or [out, in, 1, 1] from a 1×1 convolution. */
  linear(
    x: Tokens,
    names: string | readonly string[],
    channels: number,
    { bias = true }: { bias?: boolean } = {},
  ): Tokens {
    const spellings = typeof names === 'string' ? [names] : names;
    const spelled = (part: string) => spellings.map((name) => `${name}.${part}`);
    const shape = [channels, x.channels];
    const weight = this.weights.tensor(spelled('weight'), shape);
    const shift = bias ? this.parameter(spelled('bias'), [channels]) : null;
    const int8 = this.g.target.int8?.of(weight, { outputs: channels, channels: x.channels, kernel: 1 });
    const base =
      int8 === undefined
        ? this.g.node('Gemm', [x.value, this.g.weight(weight, shape), ...(shift === null ? [] : [shift])], {
            transB: 1,
          })
        : this.#int8.linear(x.value, int8, shift);
    const name = spellings[0] ?? '';
    return { value: this.#adapters.linear(this.g, base, x.value, name, x.channels, channels), channels };
  }

  /**
   * GroupNorm as InstanceNormalization over each group: ONNX Runtime's CPU provider expands GroupNormalization
   * into a chain of small kernels that takes twice as long. Its sums are float32: halves end at 65504.
   */
  groupNorm(x: FeatureMap, name: string, groups: number, epsilon: number): FeatureMap {
    const g = this.g;
    const grouped = g.widen(g.node('Reshape', [x.value, g.ints([0, groups, -1])]));
    const ones = g.wideFloats(new Float32Array(groups).fill(1), [groups]);
    const zeros = g.wideFloats(new Float32Array(groups), [groups]);
    const normal = g.node('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: epsilon } });
    const restored = g.node('Reshape', [g.narrow(normal), g.node('Shape', [x.value])]);
    const scale = this.parameter(`${name}.weight`, [x.channels], [x.channels, 1, 1]);
    const shift = this.parameter(`${name}.bias`, [x.channels], [x.channels, 1, 1]);
    const value = g.node('Add', [g.node('Mul', [restored, scale]), shift]);
    return { value, channels: x.channels };
  }

  layerNorm(x: Tokens, name: string, epsilon = 1e-5): Tokens {
    const scale = this.parameter(`${name}.weight`, [x.channels]);
    const shift = this.parameter(`${name}.bias`, [x.channels]);
    const value = this.g.node('LayerNormalization', [x.value, scale, shift], { epsilon: { float: epsilon } });
    return { value, channels: x.channels };
  }

  /** x · sigmoid(x). */
  silu<T extends FeatureMap | Tokens>(x: T): T {
    return { ...x, value: this.quickGelu(x.value, 1) };
  }

  /** x · sigmoid(alpha · x); alpha 1 is SiLU, 1.702 is OpenAI CLIP's GELU. */
  quickGelu(x: Value, alpha: number): Value {
    return this.g.node('QuickGelu', [x], { alpha: { float: alpha } }, CONTRIB);
  }

  /** By diffusers' name. */
  activate<T extends FeatureMap | Tokens>(x: T, name: Activation): T {
    switch (name) {
      case 'silu':
      case 'swish':
        return this.silu(x);
      case 'gelu':
        return { ...x, value: this.gelu(x.value) };
      case 'relu':
        return { ...x, value: this.g.node('Relu', [x.value]) };
      case 'mish':
        return {
          ...x,
          value: this.g.node('Mul', [x.value, this.g.node('Tanh', [this.g.node('Softplus', [x.value])])]),
        };
    }
  }

  /** The exact GELU, by the error function. */
  gelu(x: Value): Value {
    return this.g.node('Gelu', [x], {}, CONTRIB);
  }

  add<T extends FeatureMap | Tokens>(a: T, b: T): T {
    return { ...a, value: this.g.node('Add', [a.value, b.value]) };
  }

  /** Multi-head attention. `bias` is added to the scores. @param inFloat32 see `AttentionOptions` */
  attention(
    query: Tokens,
    key: Tokens,
    value: Tokens,
    heads: number,
    bias: Value | null = null,
    inFloat32 = false,
  ): Tokens {
    const projected = [this.batched(query), this.batched(key), this.batched(value)] as const;
    const width = query.channels / heads;
    const result = multiHeadAttention(this.g, ...projected, { heads, width, bias, inFloat32 });
    return this.flatten(result, value.channels);
  }

  /** [batch, tokens, channels] → one row a token. */
  flatten(x: Value, channels: number): Tokens {
    return { value: this.g.node('Reshape', [x, this.g.ints([-1, channels])]), channels };
  }

  /** One row a pixel, in reading order. */
  toTokens(x: FeatureMap): Tokens {
    const g = this.g;
    const rows = g.node('Reshape', [x.value, g.ints([0, 0, -1])]);
    return this.flatten(g.node('Transpose', [rows], { perm: [0, 2, 1] }), x.channels);
  }

  /** The inverse of `toTokens`, with the height and width of `like`. */
  toFeatureMap(x: Tokens, like: FeatureMap): FeatureMap {
    const g = this.g;
    const planes = g.node('Transpose', [this.batched(x)], { perm: [0, 2, 1] });
    const value = g.node('Reshape', [planes, g.node('Shape', [like.value])]);
    return { value, channels: x.channels };
  }

  /** Nearest-neighbour enlargement to the height and width of `like`, or to twice its own. */
  upsampleNearest(x: FeatureMap, like?: FeatureMap): FeatureMap {
    const g = this.g;
    const rule = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    if (like === undefined) {
      const scales = g.wideFloats([1, 1, 2, 2], [4]);
      return { ...x, value: g.node('Resize', [x.value, null, scales], rule) };
    }
    const own = g.node('Slice', [g.node('Shape', [x.value]), g.ints([0]), g.ints([2])]);
    const target = g.node('Slice', [g.node('Shape', [like.value]), g.ints([2]), g.ints([4])]);
    const sizes = g.node('Concat', [own, target], { axis: 0 });
    return { ...x, value: g.node('Resize', [x.value, null, null, sizes], rule) };
  }

  /**
   * Every `stride`-th pixel of every `stride`-th row, one row a pixel.
   * @param stride int64 [1]
   * @param like has the height and width of x
   */
  thin(x: Tokens, stride: Value, like: FeatureMap): Tokens {
    const g = this.g;
    const size = g.node('Slice', [g.node('Shape', [like.value]), g.ints([2]), g.ints([4])]);
    const shape = g.node('Concat', [this.#batch, size, g.ints([x.channels])], { axis: 0 });
    const strides = g.node('Concat', [stride, stride], { axis: 0 });
    const pixels = g.node('Reshape', [x.value, shape]);
    const kept = g.node('Slice', [pixels, g.ints([0, 0]), g.ints([MAX_SIDE, MAX_SIDE]), g.ints([1, 2]), strides]);
    return this.flatten(kept, x.channels);
  }

  /** One row a token → [batch, tokens, channels]. */
  batched(x: Tokens): Value {
    const g = this.g;
    const shape = g.node('Concat', [this.#batch, g.ints([-1, x.channels])], { axis: 0 });
    return g.node('Reshape', [x.value, shape]);
  }
}
