import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { SD1 } from '../families/sd1.ts';
import type { TensorRef } from '../weights/safetensors.ts';

/** The configs of a checkpoint's networks as far as the sizes of its tensors (by diffusers' names) tell them. */

type Tensors = ReadonlyMap<string, TensorRef>;

/** The UNet's part of a diffusers config that its tensors tell. */
export function unetShape(tensors: Tensors, file: string): Record<string, unknown> {
  const levels = count(tensors, (i) => `down_blocks.${i}.resnets.0.conv1.weight`);
  const attends = (i: number) => tensors.has(`down_blocks.${i}.attentions.0.norm.weight`);
  const down = Array.from({ length: levels }, (_, i) => (attends(i) ? 'CrossAttnDownBlock2D' : 'DownBlock2D'));
  const attention = 'mid_block.attentions.0.transformer_blocks.0';
  return {
    in_channels: side(tensors, 'conv_in.weight', 1, file),
    out_channels: side(tensors, 'conv_out.weight', 0, file),
    block_out_channels: down.map((_, i) => side(tensors, `down_blocks.${i}.resnets.0.conv1.weight`, 0, file)),
    layers_per_block: count(tensors, (i) => `down_blocks.0.resnets.${i}.conv1.weight`),
    down_block_types: down,
    up_block_types: down.map((type) => type.replace('Down', 'Up')).reverse(),
    transformer_layers_per_block: count(tensors, (i) => `mid_block.attentions.0.transformer_blocks.${i}.norm1.weight`),
    cross_attention_dim: side(tensors, `${attention}.attn2.to_k.weight`, 1, file),
  };
}

/** The VAE's part of a diffusers config that its tensors tell. */
export function vaeShape(tensors: Tensors, file: string): Record<string, unknown> {
  const levels = count(tensors, (i) => `encoder.down_blocks.${i}.resnets.0.conv1.weight`);
  return {
    latent_channels: side(tensors, 'decoder.conv_in.weight', 1, file),
    block_out_channels: Array.from({ length: levels }, (_, i) =>
      side(tensors, `encoder.down_blocks.${i}.resnets.0.conv1.weight`, 0, file),
    ),
    layers_per_block: count(tensors, (i) => `encoder.down_blocks.0.resnets.${i}.conv1.weight`),
  };
}

/** Some files leave `text_model.` out of the names. */
export function textEncoderShape(tensors: Tensors, file: string): Record<string, unknown> {
  const prefix = tensors.has('embeddings.token_embedding.weight') ? '' : 'text_model.';
  const hidden = side(tensors, `${prefix}embeddings.token_embedding.weight`, 1, file);
  return {
    vocab_size: side(tensors, `${prefix}embeddings.token_embedding.weight`, 0, file),
    hidden_size: hidden,
    max_position_embeddings: side(tensors, `${prefix}embeddings.position_embedding.weight`, 0, file),
    intermediate_size: side(tensors, `${prefix}encoder.layers.0.mlp.fc1.weight`, 0, file),
    num_hidden_layers: count(tensors, (i) => `${prefix}encoder.layers.${i}.mlp.fc1.weight`),
    num_attention_heads: Math.max(1, Math.floor(hidden / SD1.text.headWidth)),
  };
}

function count(tensors: Tensors, name: (index: number) => string): number {
  let found = 0;
  while (tensors.has(name(found))) found += 1;
  return found;
}

function side(tensors: Tensors, name: string, axis: number, file: string): number {
  const found = tensors.get(name)?.shape[axis];
  if (found !== undefined) return found;
  throw new EngineError(
    'corrupt_file',
    `${displayPath(file)} lacks the tensor "${name}" that a Stable Diffusion 1 model has; it is incomplete, or of another family.`,
    { file, tensor: name },
  );
}
