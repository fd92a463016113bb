import { CONTRIB, type GraphBuilder, type Value } from '../onnx/graph-builder.ts';

export interface AttentionOptions {
  readonly heads: number;
  /** Channels of one head of the queries and keys. */
  readonly width: number;
  /** [1, heads, queries, keys], added to the scores. */
  readonly bias: Value | null;
  /** Whether it is computed in float32 whatever the graph is: the scores of some models leave the range of halves. */
  readonly inFloat32?: boolean;
}

/**
 * softmax(q kᵀ / √width + bias) v for each head (Vaswani et al. 2017), as the graph's dialect has it.
 * @param query [batch, queries, channels]; key and value are [batch, keys, channels], and the result is like the query
 */
export function multiHeadAttention(
  g: GraphBuilder,
  query: Value,
  key: Value,
  value: Value,
  options: AttentionOptions,
): Value {
  if (options.inFloat32 === true && options.bias === null) {
    const [q, k, v] = [g.widen(query), g.widen(key), g.widen(value)];
    return g.narrow(attend(g, q, k, v, options));
  }
  return attend(g, query, key, value, options);
}

function attend(g: GraphBuilder, query: Value, key: Value, value: Value, options: AttentionOptions): Value {
  switch (g.target.attention) {
    case 'fused': {
      // Inputs 3 and 4 are the projection bias and the padding mask.
      const bias = options.bias === null ? [] : [null, null, options.bias];
      return g.node('MultiHeadAttention', [query, key, value, ...bias], { num_heads: options.heads }, CONTRIB);
    }
    case 'plain':
      return plainAttention(g, query, key, value, options);
  }
}

function plainAttention(g: GraphBuilder, query: Value, key: Value, value: Value, options: AttentionOptions): Value {
  const { heads, width, bias, inFloat32 } = options;
  const scale = [1 / Math.sqrt(width)];
  /** [batch, tokens, channels] → [batch, heads, tokens, width], or its last two sides the other way round. */
  const split = (x: Value, perm: readonly number[]) =>
    g.node('Transpose', [g.node('Reshape', [x, g.ints([0, 0, heads, -1])])], { perm });
  const scaled = g.node('Mul', [query, inFloat32 === true ? g.wideFloats(scale, [1]) : g.floats(scale, [1])]);
  const products = g.node('MatMul', [split(scaled, [0, 2, 1, 3]), split(key, [0, 2, 3, 1])]);
  const scores = g.node('Softmax', [bias === null ? products : g.node('Add', [products, bias])], { axis: -1 });
  const mixed = g.node('MatMul', [scores, split(value, [0, 2, 1, 3])]);
  return g.node('Reshape', [g.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), g.ints([0, 0, -1])]);
}
