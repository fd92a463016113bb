import type { Value } from '../onnx/graph-builder.ts';
import type { FeatureMap, Layers, Tokens } from './layers.ts';

export interface TransformerOptions {
  readonly heads: number;
  readonly groups: number;
  readonly depth: number;
  /** Text embeddings, one row a token. */
  readonly context: Tokens;
  /**
   * int64 [1]: self-attention takes its keys and values from every n-th pixel of every n-th row (Smith et al. 2024,
   * "ToDo: Token Downsampling"). At 1 it is as published. Absent is 1.
   */
  readonly keyStride?: Value | undefined;
  /** See `AttentionOptions`: diffusers' `upcast_attention`. */
  readonly inFloat32: boolean;
}

/** GroupNorm inside the transformer blocks, unlike the resnets around them. */
const NORM_EPSILON = 1e-6;
/** The feed-forward layer is this many times as wide as its input. */
const FEED_FORWARD_WIDTH = 4;

/**
 * diffusers `Transformer2DModel`. Its projections are published as linear layers or as 1×1 convolutions
 * (`use_linear_projection`); on one row a pixel the two are the same product.
 */
export function transformer2d(layers: Layers, x: FeatureMap, name: string, options: TransformerOptions): FeatureMap {
  const normal = layers.groupNorm(x, `${name}.norm`, options.groups, NORM_EPSILON);
  let tokens = layers.linear(layers.toTokens(normal), `${name}.proj_in`, x.channels);
  for (let i = 0; i < options.depth; i += 1) {
    tokens = transformerBlock(layers, tokens, `${name}.transformer_blocks.${i}`, options, x);
  }
  tokens = layers.linear(tokens, `${name}.proj_out`, x.channels);
  return layers.add(x, layers.toFeatureMap(tokens, x));
}

function transformerBlock(
  layers: Layers,
  x: Tokens,
  name: string,
  options: TransformerOptions,
  like: FeatureMap,
): Tokens {
  const { context, keyStride } = options;
  const a = layers.layerNorm(x, `${name}.norm1`);
  const keys = keyStride === undefined ? a : layers.thin(a, keyStride, like);
  const afterSelf = layers.add(x, attend(layers, a, keys, `${name}.attn1`, options));
  const b = layers.layerNorm(afterSelf, `${name}.norm2`);
  const afterCross = layers.add(afterSelf, attend(layers, b, context, `${name}.attn2`, options));
  return layers.add(afterCross, feedForward(layers, layers.layerNorm(afterCross, `${name}.norm3`), `${name}.ff`));
}

function attend(
  layers: Layers,
  x: Tokens,
  context: Tokens,
  name: string,
  { heads, inFloat32 }: TransformerOptions,
): Tokens {
  const project = (from: Tokens, part: string) => layers.linear(from, `${name}.${part}`, x.channels, { bias: false });
  const [query, key, value] = [project(x, 'to_q'), project(context, 'to_k'), project(context, 'to_v')] as const;
  const attended = layers.attention(query, key, value, heads, null, inFloat32);
  return layers.linear(attended, `${name}.to_out.0`, x.channels);
}

/** GEGLU (Shazeer 2020): a · gelu(b), where b is the second half. */
function feedForward(layers: Layers, x: Tokens, name: string): Tokens {
  const width = x.channels * FEED_FORWARD_WIDTH;
  const both = layers.linear(x, `${name}.net.0.proj`, 2 * width);
  const [a, b] = layers.g.nodes('Split', [both.value, layers.g.ints([width, width])], 2, { axis: -1 });
  if (a === undefined || b === undefined) throw new Error('Split makes two values');
  const gated: Tokens = { value: layers.g.node('Mul', [a, layers.gelu(b)]), channels: width };
  return layers.linear(gated, `${name}.net.2`, x.channels);
}
