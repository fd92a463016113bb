import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { Int8Weight } from '../onnx/graph-target.ts';

/** An activation in 8 bits: x ≈ (data − zero) · scale, with one scale and one zero for the whole tensor. */
interface QuantisedTensor {
  /** uint8, the shape of x. */
  readonly data: Value;
  /** float32, a scalar. */
  readonly scale: Value;
  /** uint8, a scalar: what 0 has become. */
  readonly zero: Value;
}

export interface ConvolutionOptions {
  readonly kernel: number;
  readonly stride: number;
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
}

const FLOAT = 1;
const TO_THE_END = 2 ** 31;

/**
 * Linear layers and convolutions whose products are of 8-bit integers, summed in 32 bits. Activations are quantised in
 * each call (`DynamicQuantizeLinear`), once for all layers that read the same tensor. A convolution is the product of its
 * patches: ONNX Runtime's ConvInteger takes six times as long as float32, this a fifth.
 */
export class Int8Products {
  readonly #g: GraphBuilder;
  readonly #quantised = new Map<Value, QuantisedTensor>();
  readonly #lastChannels = new Map<Value, Value>();

  constructor(g: GraphBuilder) {
    this.#g = g;
  }

  /** @param x [rows, inputs]. @param bias [outputs]. */
  linear(x: Value, weight: Int8Weight, bias: Value | null): Value {
    return this.#product(this.#quantise(x), this.#quantise(x).data, weight, bias);
  }

  /** @param x [batch, channels, height, width]. @param bias [outputs]. */
  conv(x: Value, weight: Int8Weight, bias: Value, { kernel, stride, pads }: ConvolutionOptions): Value {
    const g = this.#g;
    const quantised = this.#quantise(x);
    const rows = this.#channelsLast(quantised.data);
    const [top = 0, left = 0, bottom = 0, right = 0] = pads;
    const padded = pads.some((pad) => pad > 0)
      ? g.node('Pad', [rows, g.ints([0, top, left, 0, 0, bottom, right, 0]), quantised.zero])
      : rows;
    const patches: Value[] = [];
    for (let row = 0; row < kernel; row += 1) {
      for (let column = 0; column < kernel; column += 1) {
        patches.push(this.#every(padded, [row, column], [end(row, kernel), end(column, kernel)], stride));
      }
    }
    const joined = patches.length === 1 ? (patches[0] ?? padded) : g.node('Concat', patches, { axis: 3 });
    return g.node('Transpose', [this.#product(quantised, joined, weight, bias)], { perm: [0, 3, 1, 2] });
  }

  /** The pixels of [batch, height, width, channels] that one tap of the kernel meets. */
  #every(x: Value, from: readonly number[], to: readonly number[], stride: number): Value {
    const g = this.#g;
    if (stride === 1 && from.every((at) => at === 0) && to.every((at) => at === TO_THE_END)) return x;
    return g.node('Slice', [x, g.ints(from), g.ints(to), g.ints([1, 2]), g.ints([stride, stride])]);
  }

  /** ONNX Runtime makes one operator of these nodes: their order is the one that it knows. */
  #product({ scale, zero }: QuantisedTensor, rows: Value, { matrix, scales }: Int8Weight, bias: Value | null): Value {
    const g = this.#g;
    const outputs = matrix.shape[1] ?? 0;
    const sums = g.node('MatMulInteger', [rows, g.stored(matrix), zero, g.int8Zeros(outputs)]);
    const product = g.node('Mul', [g.node('Cast', [sums], { to: FLOAT }), g.node('Mul', [scale, g.stored(scales)])]);
    return bias === null ? product : g.node('Add', [product, bias]);
  }

  #quantise(x: Value): QuantisedTensor {
    const known = this.#quantised.get(x);
    if (known !== undefined) return known;
    const [data, scale, zero] = this.#g.nodes('DynamicQuantizeLinear', [x], 3);
    if (data === undefined || scale === undefined || zero === undefined) throw new Error('it makes three values');
    const quantised = { data, scale, zero };
    this.#quantised.set(x, quantised);
    return quantised;
  }

  /** [batch, channels, height, width] → [batch, height, width, channels]. */
  #channelsLast(x: Value): Value {
    const known = this.#lastChannels.get(x) ?? this.#g.node('Transpose', [x], { perm: [0, 2, 3, 1] });
    this.#lastChannels.set(x, known);
    return known;
  }
}

/** Where the slice of a tap ends: as far before the last pixel as the last tap lies behind this one. */
function end(tap: number, kernel: number): number {
  return tap < kernel - 1 ? tap - (kernel - 1) : TO_THE_END;
}
