import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import type { ModelFamily } from '../families/model-family.ts';
import { TRANSPOSED_PROJECTION } from '../weights/open-clip-names.ts';
import type { TensorRef } from '../weights/safetensors.ts';
import { SIZE_IDS } from './configs.ts';

/** The configs of a checkpoint's networks as far as the sizes of its tensors (by diffusers' names) tell them. */

type Tensors = ReadonlyMap<string, TensorRef>;

/** Where a shape is read from, for the sentence on a tensor that is missing. */
export interface ShapeSource {
  readonly file: string;
  readonly family: ModelFamily;
}

/**
 * The UNet's part of a diffusers config that its tensors tell.
 * @param pooledWidth of the vector that the text encoder makes of a prompt, for a UNet that is told it
 */
export function unetShape(tensors: Tensors, pooledWidth: number, source: ShapeSource): Record<string, unknown> {
  const levels = count(tensors, (i) => `down_blocks.${i}.resnets.0.conv1.weight`);
  const depth = (block: string) => count(tensors, (i) => `${block}.attentions.0.transformer_blocks.${i}.norm1.weight`);
  const depths = Array.from({ length: levels }, (_, i) => depth(`down_blocks.${i}`));
  const down = depths.map((layers) => (layers > 0 ? 'CrossAttnDownBlock2D' : 'DownBlock2D'));
  const channels = down.map((_, i) => side(tensors, `down_blocks.${i}.resnets.0.conv1.weight`, 0, source));
  const { unetHeadWidth: headWidth } = source.family;
  return {
    in_channels: side(tensors, 'conv_in.weight', 1, source),
    out_channels: side(tensors, 'conv_out.weight', 0, source),
    block_out_channels: channels,
    layers_per_block: count(tensors, (i) => `down_blocks.0.resnets.${i}.conv1.weight`),
    down_block_types: down,
    up_block_types: down.map((type) => type.replace('Down', 'Up')).reverse(),
    // The middle block is as deep as the last level, which in Stable Diffusion 1 and 2 has no attention of its own.
    transformer_layers_per_block: depths.map((layers) => (layers > 0 ? layers : depth('mid_block'))),
    cross_attention_dim: side(tensors, 'mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight', 1, source),
    ...(headWidth !== undefined && {
      attention_head_dim: channels.map((width) => Math.max(1, Math.floor(width / headWidth))),
    }),
    ...(tensors.has(ADDITION) && additionShape(side(tensors, ADDITION, 1, source), pooledWidth)),
  };
}

const ADDITION = 'add_embedding.linear_1.weight';

/** What is not the pooled text is the numbers of the picture's size, all of one width. */
function additionShape(inputWidth: number, pooledWidth: number): Record<string, unknown> {
  return {
    addition_embed_type: 'text_time',
    projection_class_embeddings_input_dim: inputWidth,
    addition_time_embed_dim: Math.max(1, Math.floor((inputWidth - pooledWidth) / SIZE_IDS)),
  };
}

/** The VAE's part of a diffusers config that its tensors tell. */
export function vaeShape(tensors: Tensors, source: ShapeSource): Record<string, unknown> {
  const levels = count(tensors, (i) => `encoder.down_blocks.${i}.resnets.0.conv1.weight`);
  return {
    latent_channels: side(tensors, 'decoder.conv_in.weight', 1, source),
    block_out_channels: Array.from({ length: levels }, (_, i) =>
      side(tensors, `encoder.down_blocks.${i}.resnets.0.conv1.weight`, 0, source),
    ),
    layers_per_block: count(tensors, (i) => `encoder.down_blocks.0.resnets.${i}.conv1.weight`),
  };
}

/** @param index of the text encoder among those of its family. Some files leave `text_model.` out of the names. */
export function textEncoderShape(tensors: Tensors, index: number, source: ShapeSource): Record<string, unknown> {
  const prefix = tensors.has('embeddings.token_embedding.weight') ? '' : 'text_model.';
  const hidden = side(tensors, `${prefix}embeddings.token_embedding.weight`, 1, source);
  const { text } = source.family;
  const projection = tensors.get(TRANSPOSED_PROJECTION)?.shape[1] ?? tensors.get('text_projection.weight')?.shape[0];
  return {
    vocab_size: side(tensors, `${prefix}embeddings.token_embedding.weight`, 0, source),
    hidden_size: hidden,
    max_position_embeddings: side(tensors, `${prefix}embeddings.position_embedding.weight`, 0, source),
    intermediate_size: side(tensors, `${prefix}encoder.layers.0.mlp.fc1.weight`, 0, source),
    num_hidden_layers: count(tensors, (i) => `${prefix}encoder.layers.${i}.mlp.fc1.weight`) - text.unusedLayers,
    num_attention_heads: Math.max(1, Math.floor(hidden / text.headWidth)),
    hidden_act: text.encoders[index]?.activation,
    ...(projection !== undefined && { projection_dim: projection }),
  };
}

function count(tensors: Tensors, name: (index: number) => string): number {
  let found = 0;
  while (tensors.has(name(found))) found += 1;
  return found;
}

function side(tensors: Tensors, name: string, axis: number, { file, family }: ShapeSource): number {
  const found = tensors.get(name)?.shape[axis];
  if (found !== undefined) return found;
  throw new EngineError(
    'corrupt_file',
    `${displayPath(file)} lacks the tensor "${name}" that a ${family.title} model has; it is incomplete, or of another family.`,
    { file, tensor: name },
  );
}
