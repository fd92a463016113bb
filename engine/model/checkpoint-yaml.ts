import { parse } from 'yaml';
import { z } from 'zod';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { readSmallFile } from '../weights/plain-file.ts';
import { exists } from './config-file.ts';

/** What a checkpoint's `.yaml` (CompVis' inference config) tells beyond its tensors, in diffusers' words. */
export interface CheckpointHints {
  readonly unet: Record<string, unknown>;
  readonly vae: Record<string, unknown>;
  readonly scheduler: Record<string, unknown>;
}

const side = z.number().int().min(1).max(65_536);
const yamlSchema = z.object({
  model: z.object({
    params: z.object({
      parameterization: z.enum(['eps', 'v']).optional(),
      linear_start: z.number().positive().optional(),
      linear_end: z.number().positive().optional(),
      timesteps: side.optional(),
      scale_factor: z.number().positive().optional(),
      unet_config: z
        .object({
          params: z.object({
            num_heads: z.number().int().optional(),
            num_head_channels: z.number().int().optional(),
            model_channels: side.optional(),
            channel_mult: z.array(side).max(8).optional(),
          }),
        })
        .optional(),
    }),
  }),
});

/** Yaml may refer to itself; a config never does, and one that does so a million times is an attack. */
const MAX_ALIASES = 0;
const MAX_YAML_BYTES = 1024 * 1024;

/** @throws EngineError `corrupt_file` when the file is there and is no such config. */
export async function readCheckpointYaml(file: string): Promise<CheckpointHints> {
  if (!(await exists(file))) return { unet: {}, vae: {}, scheduler: {} };
  const text = await readSmallFile(file, MAX_YAML_BYTES);
  let content: unknown;
  try {
    content = parse(text, { maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const parsed = yamlSchema.safeParse(content);
  if (!parsed.success) throw unreadable(file, parsed.error);
  const { params } = parsed.data.model;
  const {
    num_heads: heads = -1,
    num_head_channels: width = -1,
    model_channels: base = 320,
    channel_mult: ratios = [1, 2, 4, 4],
  } = params.unet_config?.params ?? {};
  return {
    unet: {
      ...(heads > 0 && { attention_head_dim: heads }),
      ...(width > 0 && { attention_head_dim: ratios.map((ratio) => Math.floor((base * ratio) / width)) }),
    },
    vae: given({ scaling_factor: params.scale_factor }),
    scheduler: given({
      prediction_type: params.parameterization === 'v' ? 'v_prediction' : undefined,
      beta_start: params.linear_start,
      beta_end: params.linear_end,
      num_train_timesteps: params.timesteps,
    }),
  };
}

function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function unreadable(file: string, cause: unknown): EngineError {
  return new EngineError(
    'corrupt_file',
    `${displayPath(file)} is not a checkpoint's config (model: params: …); correct it, or remove it to use the defaults of its family.`,
    { file },
    cause,
  );
}
