import type { VisionConfig } from '../model/safety-config.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { encoderLayer } from './clip-layer.ts';
import { Layers } from './layers.ts';

/**
 * CLIP's vision transformer and its projection (Radford et al. 2021; transformers `CLIPVisionModelWithProjection`).
 * pixel_values float32 [batch, 3, side, side] → image_embeds float32 [batch, projection].
 */
export function clipVisionGraph(
  config: VisionConfig,
  projection: number,
  weights: WeightSet,
  target?: GraphTarget,
): Uint8Array {
  const g = new GraphBuilder('clip_vision', target);
  const { hidden_size: hidden, image_size: side, patch_size: patch, layer_norm_eps: epsilon } = config;
  const pixels = g.floatInput('pixel_values', ['batch', 3, side, side]);
  const layers = new Layers(g, weights, pixels);
  // transformers 4 nests the model in itself; 5 does not.
  const prefix =
    ['vision_model.vision_model.', 'vision_model.'].find((name) => weights.has(`${name}embeddings.class_embedding`)) ??
    'vision_model.vision_model.';
  const count = (side / patch) ** 2 + 1;

  const kernel = layers.parameter(`${prefix}embeddings.patch_embedding.weight`, [hidden, 3, patch, patch]);
  const planes = g.node('Conv', [pixels, kernel], { kernel_shape: [patch, patch], strides: [patch, patch] });
  const rows = g.node('Transpose', [g.node('Reshape', [planes, g.ints([0, 0, -1])])], { perm: [0, 2, 1] });
  const summary = layers.parameter(`${prefix}embeddings.class_embedding`, [hidden], [1, 1, hidden]);
  const batch = g.node('Slice', [g.node('Shape', [pixels]), g.ints([0]), g.ints([1])]);
  const summaries = g.node('Expand', [summary, g.node('Concat', [batch, g.ints([1, hidden])], { axis: 0 })]);
  const places = layers.parameter(`${prefix}embeddings.position_embedding.weight`, [count, hidden]);
  const embedded = g.node('Add', [g.node('Concat', [summaries, rows], { axis: 1 }), places]);

  let x = layers.layerNorm(layers.flatten(embedded, hidden), `${prefix}pre_layrnorm`, epsilon);
  for (let i = 0; i < config.num_hidden_layers; i += 1) {
    x = encoderLayer(layers, x, `${prefix}encoder.layers.${i}`, config, null);
  }
  const first = g.node('Slice', [layers.batched(x), g.ints([0]), g.ints([1]), g.ints([1])]);
  const pooled = layers.layerNorm(layers.flatten(first, hidden), `${prefix}post_layernorm`, epsilon);
  g.output('image_embeds', layers.linear(pooled, 'visual_projection', projection, { bias: false }).value, [
    'batch',
    projection,
  ]);
  return g.build();
}
