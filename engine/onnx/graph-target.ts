/** How a graph is written for the provider that runs it; what comes in and goes out is float32 whatever it is. */
export interface GraphTarget {
  /** What the weights are kept in and the layers computed in. */
  readonly precision: Precision;
  /**
   * `fused`: one operator, which never holds the scores of all tokens against all. `plain`: the same of matrix products
   * and a softmax, which does, for a provider whose operator is wrong.
   */
  readonly attention: 'fused' | 'plain';
}

export const PRECISIONS = ['float32', 'float16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A CPU has no arithmetic of half the width, and its operators are right. */
export const CPU_TARGET: GraphTarget = { precision: 'float32', attention: 'fused' };
