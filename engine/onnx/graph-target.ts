import type { TensorRef } from '../weights/safetensors.ts';

/** How a graph is written for the provider that runs it; what comes in and goes out is float32 whatever it is. */
export interface GraphTarget {
  /** What the layers are computed in; the weights too, but for those in `int8`. */
  readonly precision: Precision;
  /**
   * `fused`: one operator, which never holds the scores of all tokens against all. `plain`: the same of matrix products
   * and a softmax, which does, for a provider whose operator is wrong.
   */
  readonly attention: 'fused' | 'plain';
  /** The weights of matrix products and convolutions in 8 bits. @default none */
  readonly int8?: Int8Weights;
}

/** Where a graph finds the 8-bit forms of its weights. */
export interface Int8Weights {
  /** The 8-bit form of a layer's weight; undefined for a layer that stays as it is. */
  of(weight: TensorRef, shape: LayerShape): Int8Weight | undefined;
}

/** Sides of a layer, as far as its product depends on them. */
export interface LayerShape {
  readonly outputs: number;
  readonly channels: number;
  /** Side of a convolution's kernel; 1 for a linear layer. */
  readonly kernel: number;
}

/** weight[k][n] ≈ matrix[k][n] · scales[n]. */
export interface Int8Weight {
  /** int8 [kernel · kernel · channels, outputs]. */
  readonly matrix: TensorRef;
  /** float32 [outputs]. */
  readonly scales: TensorRef;
}

/** What layers are computed in. */
export const PRECISIONS = ['float32', 'float16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A CPU does not compute in half precision, and its operators are right. */
export const CPU_TARGET: GraphTarget = { precision: 'float32', attention: 'fused' };
