import type { Value } from '../onnx/graph-builder.ts';
import type { Layers, Tokens } from './layers.ts';

/** Of one layer of a CLIP transformer, text or vision. */
export interface ClipLayerConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_attention_heads: number;
  readonly hidden_act: 'quick_gelu' | 'gelu';
  readonly layer_norm_eps: number;
}

/**
 * One layer of CLIP's transformers, of text and of pictures alike.
 * @param mask is added to the attention scores
 */
export function encoderLayer(
  layers: Layers,
  x: Tokens,
  name: string,
  config: ClipLayerConfig,
  mask: Value | null,
): Tokens {
  const { hidden_size: hidden, layer_norm_eps: epsilon } = config;
  const a = layers.layerNorm(x, `${name}.layer_norm1`, epsilon);
  const project = (part: string) => layers.linear(a, `${name}.self_attn.${part}_proj`, hidden);
  const attended = layers.attention(project('q'), project('k'), project('v'), config.num_attention_heads, mask);
  const afterAttention = layers.add(x, layers.linear(attended, `${name}.self_attn.out_proj`, hidden));

  const b = layers.layerNorm(afterAttention, `${name}.layer_norm2`, epsilon);
  const wide = layers.linear(b, `${name}.mlp.fc1`, config.intermediate_size);
  const bent: Tokens = {
    ...wide,
    value: config.hidden_act === 'quick_gelu' ? layers.quickGelu(wide.value, 1.702) : layers.gelu(wide.value),
  };
  return layers.add(afterAttention, layers.linear(bent, `${name}.mlp.fc2`, hidden));
}
