import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import { evenChannels } from './even-channels.ts';

/** Which layers of a graph take low-rank adapters: none, the matrix products, or the convolutions, too. */
export const ADAPTER_REACHES = ['none', 'linear', 'all'] as const;
export type AdapterReach = (typeof ADAPTER_REACHES)[number];

/** A layer that takes an adapter (Hu et al. 2021): y = W x + up · down · x, with inputs for `down` and `up`. */
export interface AdapterSlot {
  /** The layer's diffusers name. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Side of the kernel of `down`, 1 in matrix products. */
  readonly kernel: number;
  readonly kind: 'linear' | 'conv';
}

/** Adds the adapters' nodes to a graph under way, and knows afterwards which inputs it has for them. */
export class AdapterSlots {
  readonly #reach: AdapterReach;
  readonly #slots: AdapterSlot[] = [];

  constructor(reach: AdapterReach) {
    this.#reach = reach;
  }

  get all(): readonly AdapterSlot[] {
    return this.#slots;
  }

  /** `base` + x · downᵀ · upᵀ; x and base are one row a token. */
  linear(g: GraphBuilder, base: Value, x: Value, name: string, inChannels: number, outChannels: number): Value {
    if (this.#reach === 'none') return base;
    this.#slots.push({ name, inChannels, outChannels, kernel: 1, kind: 'linear' });
    const rank = `${name}.rank`;
    const down = g.floatInput(downInput(name), [rank, inChannels]);
    const up = g.floatInput(upInput(name), [outChannels, rank]);
    const narrow = g.node('Gemm', [x, down], { transB: 1 });
    return g.node('Gemm', [narrow, up, base], { transB: 1 });
  }

  /** @param attributes of the convolution, which that of `down` shares */
  conv(
    g: GraphBuilder,
    base: Value,
    x: Value,
    slot: { readonly name: string; readonly inChannels: number; readonly outChannels: number; readonly kernel: number },
    attributes: Parameters<GraphBuilder['node']>[2],
  ): Value {
    if (this.#reach !== 'all') return base;
    const { name, inChannels, outChannels, kernel } = slot;
    this.#slots.push({ ...slot, kind: 'conv' });
    const rank = `${name}.rank`;
    const down = g.floatInput(downInput(name), [rank, inChannels, kernel, kernel]);
    const up = g.floatInput(upInput(name), [outChannels, rank, 1, 1]);
    const narrow = g.node('Conv', [evenChannels(g, x, inChannels), evenChannels(g, down, inChannels)], attributes);
    return g.node('Add', [base, g.node('Conv', [narrow, up], { kernel_shape: [1, 1] })]);
  }
}

/** Name of the graph's input for the `down` of a layer's adapter. */
export function downInput(name: string): string {
  return `${name}.lora_down`;
}

/** Name of the graph's input for the `up` of a layer's adapter. */
export function upInput(name: string): string {
  return `${name}.lora_up`;
}
