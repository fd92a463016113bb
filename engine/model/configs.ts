import { z } from 'zod';
import type { ModelFamily } from '../families/model-family.ts';

/**
 * The configuration files of a diffusers folder, checked and completed with each class's own defaults.
 * Values that Easel cannot honour are refused by the literals here, never ignored.
 */

const side = z.number().int().min(1).max(65_536);
/** An option of later architectures that must be off. */
const off = z.union([z.null(), z.literal(false)]).optional();

/** Library and class; both are null for a part that the model does not have. */
const library = z.tuple([z.string().nullable(), z.string().nullable()]);

const modelIndexSchema = z.object({
  _class_name: z.string(),
  scheduler: library.optional(),
  text_encoder: library.optional(),
  text_encoder_2: library.optional(),
  /** Stable Diffusion XL: a negative prompt that nobody wrote is zeros, not the embedding of nothing. */
  force_zeros_for_empty_prompt: z.boolean().nullish(),
});
export type ModelIndex = z.output<typeof modelIndexSchema>;

/** diffusers' names of activation functions; `swish` is `silu`. */
const ACTIVATIONS = ['silu', 'swish', 'gelu', 'relu', 'mish'] as const;
export type Activation = (typeof ACTIVATIONS)[number];
const activation = z.enum(ACTIVATIONS);
const layerCount = z.number().int().min(1).max(8);
/** Kernels of an even side would make another size of picture. */
const kernel = z.union([z.literal(1), z.literal(3), z.literal(5), z.literal(7)]).default(3);
/** An option of later architectures that must be off at every level. */
const offEverywhere = z.union([off, z.array(z.literal(false))]);

const unetFile = z.object({
  _class_name: z.literal('UNet2DConditionModel').optional(),
  in_channels: side.default(4),
  out_channels: side.default(4),
  sample_size: z.union([side, z.tuple([side, side])]).nullish(),
  block_out_channels: z.array(side).min(1).max(8),
  down_block_types: z.array(z.enum(['CrossAttnDownBlock2D', 'DownBlock2D'])).min(1),
  up_block_types: z.array(z.enum(['CrossAttnUpBlock2D', 'UpBlock2D'])).min(1),
  /** `UNetMidBlock2D` is one resnet without attention, and null none at all, as in distilled models. */
  mid_block_type: z.enum(['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D']).nullable().default('UNetMidBlock2DCrossAttn'),
  layers_per_block: z.union([layerCount, z.array(layerCount)]).default(2),
  cross_attention_dim: z.union([side, z.array(side).min(1)]),
  attention_head_dim: z.union([side, z.array(side)]).default(8),
  num_attention_heads: z.union([side, z.array(side)]).nullish(),
  transformer_layers_per_block: z.union([side, z.array(side)]).default(1),
  norm_num_groups: side.default(32),
  norm_eps: z.number().positive().default(1e-5),
  /** 0 pads below and to the right alone. */
  downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
  flip_sin_to_cos: z.boolean().default(true),
  freq_shift: z.number().default(0),
  act_fn: activation.default('silu'),
  time_embedding_act_fn: activation.nullish(),
  timestep_post_act: activation.nullish(),
  time_embedding_dim: side.nullish(),
  center_input_sample: z.boolean().nullish(),
  conv_in_kernel: kernel,
  conv_out_kernel: kernel,
  mid_block_scale_factor: z.literal(1).default(1),
  resnet_out_scale_factor: z.literal(1).default(1),
  resnet_time_scale_shift: z.literal('default').default('default'),
  time_embedding_type: z.literal('positional').default('positional'),
  attention_type: z.literal('default').default('default'),
  resnet_skip_time_act: off,
  dual_cross_attention: off,
  only_cross_attention: offEverywhere,
  mid_block_only_cross_attention: off,
  cross_attention_norm: off,
  reverse_transformer_layers_per_block: off,
  class_embed_type: off,
  class_embeddings_concat: off,
  num_class_embeds: off,
  /** `text_time`: the UNet is told the pooled text, and the size and crop of the picture (Stable Diffusion XL). */
  addition_embed_type: z.union([off, z.literal('text_time')]),
  addition_time_embed_dim: side.nullish(),
  projection_class_embeddings_input_dim: side.nullish(),
  /** In half precision the scores of attention need float32. */
  upcast_attention: z.boolean().nullish(),
  encoder_hid_dim: off,
  encoder_hid_dim_type: off,
  time_cond_proj_dim: off,
});

/** `attention_head_dim` is the number of heads: the published name is wrong and kept for compatibility. */
export const unetConfigSchema = unetFile.transform((file, context) => {
  const levels = file.block_out_channels.length;
  const refuse = (message: string, key: keyof typeof file) =>
    context.addIssue({ code: 'custom', path: [key], message });
  for (const key of ['down_block_types', 'up_block_types'] as const) {
    if (file[key].length !== levels) refuse('block types and block_out_channels differ in length', key);
  }
  const perLevel = (value: number | readonly number[], key: keyof typeof file) => {
    if (typeof value === 'number') return new Array<number>(levels).fill(value);
    if (value.length !== levels) refuse('the number of values differs from the number of levels', key);
    return value;
  };
  const widths = perLevel(file.cross_attention_dim, 'cross_attention_dim');
  const [width = 0] = widths;
  if (widths.some((other) => other !== width))
    refuse('levels expect text embeddings of different widths', 'cross_attention_dim');
  const addition = additionOf(file);
  if (addition !== undefined && addition.textWidth < 1) {
    refuse('its width leaves no room for the pooled text', 'projection_class_embeddings_input_dim');
  }
  return {
    ...file,
    addition,
    cross_attention_dim: width,
    layers_per_block: perLevel(file.layers_per_block, 'layers_per_block'),
    heads: perLevel(file.num_attention_heads ?? file.attention_head_dim, 'attention_head_dim'),
    transformer_layers_per_block: perLevel(file.transformer_layers_per_block, 'transformer_layers_per_block'),
  };
});
export type UnetConfig = z.output<typeof unetConfigSchema>;

/** Numbers of a picture that a UNet of the kind `text_time` is told: its size, its crop and the size of the crop. */
export const SIZE_IDS = 6;
/** diffusers' own where a config does not say. */
const ADDITION_DEFAULTS = { timeWidth: 256, inputWidth: 2816 };

/** Widths of what the UNet is told beside the prompt: of each number of a picture's size, and of the pooled text. */
function additionOf(file: z.output<typeof unetFile>) {
  if (file.addition_embed_type !== 'text_time') return undefined;
  const timeWidth = file.addition_time_embed_dim ?? ADDITION_DEFAULTS.timeWidth;
  const inputWidth = file.projection_class_embeddings_input_dim ?? ADDITION_DEFAULTS.inputWidth;
  return { timeWidth, textWidth: inputWidth - SIZE_IDS * timeWidth };
}

const vaeFile = z.object({
  _class_name: z.literal('AutoencoderKL').optional(),
  in_channels: side.default(3),
  out_channels: side.default(3),
  latent_channels: side.default(4),
  block_out_channels: z.array(side).min(1).max(8),
  down_block_types: z.array(z.enum(['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'])).optional(),
  up_block_types: z.array(z.enum(['UpDecoderBlock2D', 'AttnUpDecoderBlock2D'])).optional(),
  layers_per_block: layerCount.default(1),
  norm_num_groups: side.default(32),
  act_fn: activation.default('silu'),
  /** Older published configs lack the key. */
  scaling_factor: z.number().positive().optional(),
  /** False where the VAE was mended to be computed in half precision. */
  force_upcast: z.boolean().nullish(),
  shift_factor: z.union([off, z.literal(0)]),
  latents_mean: off,
  latents_std: off,
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  mid_block_add_attention: z.boolean().default(true),
});

/** The schema of a VAE's config, completed with what the family's VAEs have. */
export function vaeConfigSchema(family: ModelFamily) {
  return vaeFile.transform((file, context) => completeVae(file, context, family));
}
export type VaeConfig = ReturnType<typeof completeVae>;

function completeVae(file: z.output<typeof vaeFile>, context: z.RefinementCtx, family: ModelFamily) {
  const levels = file.block_out_channels.length;
  for (const key of ['down_block_types', 'up_block_types'] as const) {
    const types = file[key];
    if (types === undefined || types.length === levels) continue;
    context.addIssue({ code: 'custom', path: [key], message: 'block types and block_out_channels differ in length' });
  }
  const attends = (types: readonly string[] | undefined) =>
    Array.from({ length: levels }, (_, i) => types?.[i]?.startsWith('Attn') ?? false);
  return {
    ...file,
    scaling_factor: file.scaling_factor ?? family.latents.scalingFactor,
    /** Which blocks of the way down and of the way up attend, in their order. */
    encoderAttends: attends(file.down_block_types),
    decoderAttends: attends(file.up_block_types),
  };
}

/** CLIP's, where a config does not say. */
const POSITIONS = 77;
const PROJECTION_WIDTH = 512;

export const textEncoderConfigSchema = z.object({
  model_type: z.literal('clip_text_model').optional(),
  hidden_size: side,
  intermediate_size: side,
  num_hidden_layers: z.number().int().min(1).max(64),
  num_attention_heads: side,
  max_position_embeddings: z.number().int().min(3).max(1024).default(POSITIONS),
  vocab_size: z.number().int().min(3).max(1_000_000),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  /** Width of the pooled text of an encoder that has one. */
  projection_dim: side.default(PROJECTION_WIDTH),
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
