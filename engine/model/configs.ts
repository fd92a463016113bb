import { z } from 'zod';

/**
 * The configuration files of a diffusers folder, checked and completed with each class's own defaults.
 * Values that Easel cannot honour are refused by the literals here, never ignored.
 */

const side = z.number().int().min(1).max(65_536);
/** An option of later architectures that must be off. */
const off = z.union([z.null(), z.literal(false)]).optional();

const modelIndexSchema = z.object({
  _class_name: z.string(),
  /** Library and class. */
  scheduler: z.tuple([z.string().nullable(), z.string().nullable()]).optional(),
});
export type ModelIndex = z.infer<typeof modelIndexSchema>;

const unetFile = z.object({
  in_channels: side.default(4),
  out_channels: side.default(4),
  sample_size: z.union([side, z.tuple([side, side])]).nullish(),
  block_out_channels: z.array(side).min(1).max(8),
  down_block_types: z.array(z.enum(['CrossAttnDownBlock2D', 'DownBlock2D'])).min(1),
  up_block_types: z.array(z.enum(['CrossAttnUpBlock2D', 'UpBlock2D'])).min(1),
  mid_block_type: z.literal('UNetMidBlock2DCrossAttn').default('UNetMidBlock2DCrossAttn'),
  layers_per_block: z.number().int().min(1).max(8).default(2),
  cross_attention_dim: side,
  attention_head_dim: z.union([side, z.array(side)]).default(8),
  num_attention_heads: z.union([side, z.array(side)]).nullish(),
  transformer_layers_per_block: z.union([side, z.array(side)]).default(1),
  norm_num_groups: side.default(32),
  norm_eps: z.number().positive().default(1e-5),
  downsample_padding: z.literal(1).default(1),
  flip_sin_to_cos: z.boolean().default(true),
  freq_shift: z.number().default(0),
  act_fn: z.enum(['silu', 'swish']).default('silu'),
  mid_block_scale_factor: z.literal(1).default(1),
  resnet_time_scale_shift: z.literal('default').default('default'),
  time_embedding_type: z.literal('positional').default('positional'),
  center_input_sample: off,
  dual_cross_attention: off,
  only_cross_attention: off,
  class_embed_type: off,
  num_class_embeds: off,
  addition_embed_type: off,
  encoder_hid_dim: off,
  time_cond_proj_dim: off,
  time_embedding_dim: off,
});

/** `attention_head_dim` is the number of heads: the published name is wrong and kept for compatibility. */
export const unetConfigSchema = unetFile.transform((file, context) => {
  const levels = file.block_out_channels.length;
  if (file.down_block_types.length !== levels || file.up_block_types.length !== levels) {
    context.addIssue({ code: 'custom', message: `block types and block_out_channels differ in number` });
    return z.NEVER;
  }
  const perLevel = (value: number | readonly number[]) =>
    typeof value === 'number' ? new Array<number>(levels).fill(value) : value;
  return {
    ...file,
    heads: perLevel(file.num_attention_heads ?? file.attention_head_dim),
    transformer_layers_per_block: perLevel(file.transformer_layers_per_block),
  };
});
export type UnetConfig = z.output<typeof unetConfigSchema>;

export const vaeConfigSchema = z.object({
  in_channels: side.default(3),
  out_channels: side.default(3),
  latent_channels: side.default(4),
  block_out_channels: z.array(side).min(1).max(8),
  layers_per_block: z.number().int().min(1).max(8).default(1),
  norm_num_groups: side.default(32),
  act_fn: z.enum(['silu', 'swish']).default('silu'),
  /** Older published configs lack the key. */
  scaling_factor: z.number().positive().default(0.18215),
  shift_factor: off,
  latents_mean: off,
  latents_std: off,
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  mid_block_add_attention: z.boolean().default(true),
});
export type VaeConfig = z.output<typeof vaeConfigSchema>;

export const textEncoderConfigSchema = z.object({
  hidden_size: side,
  intermediate_size: side,
  num_hidden_layers: z.number().int().min(1).max(64),
  num_attention_heads: side,
  max_position_embeddings: z.number().int().min(3).max(1024).default(77),
  vocab_size: z.number().int().min(3).max(1_000_000),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
});
export type TextEncoderConfig = z.output<typeof textEncoderConfigSchema>;

/** `easel.json`, optional: what a model's maker recommends. */
export const recommendationSchema = z.object({
  name: z.string().min(1).max(80).optional(),
  width: side.optional(),
  height: side.optional(),
  steps: side.optional(),
  guidance: z.number().min(0).max(30).optional(),
  /** Rows: latent channels; columns: red, green, blue in −1…1. */
  latentRgb: z.array(z.tuple([z.number(), z.number(), z.number()])).optional(),
  latentRgbBias: z.tuple([z.number(), z.number(), z.number()]).optional(),
});
export type Recommendation = z.output<typeof recommendationSchema>;

export { modelIndexSchema };
