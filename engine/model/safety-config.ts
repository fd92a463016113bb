import { z } from 'zod';

const side = z.number().int().min(1).max(16_384);

const visionSchema = z.object({
  hidden_size: side,
  intermediate_size: side,
  num_hidden_layers: z.number().int().min(1).max(64),
  num_attention_heads: side,
  image_size: side.default(224),
  patch_size: side.default(32),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
});
export type VisionConfig = z.output<typeof visionSchema>;

/** `safety_checker/config.json` as diffusers writes it. */
export const safetyConfigSchema = z.object({
  projection_dim: side.default(768),
  vision_config: visionSchema,
});
