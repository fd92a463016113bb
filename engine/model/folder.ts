import { access, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { EngineError } from '../errors.ts';
import { samplerOf } from '../schedulers/index.ts';
import type { ModelDescription } from '../types.ts';
import {
  modelIndexSchema,
  type Recommendation,
  recommendationSchema,
  type SchedulerConfig,
  schedulerConfigSchema,
  type TextEncoderConfig,
  textEncoderConfigSchema,
  type UnetConfig,
  unetConfigSchema,
  type VaeConfig,
  vaeConfigSchema,
} from './configs.ts';

/** A model folder in diffusers layout, its configuration read and its weights found, nothing loaded. */
export interface ModelFolder {
  readonly id: string;
  readonly path: string;
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  readonly textEncoder: TextEncoderConfig;
  readonly scheduler: SchedulerConfig;
  readonly recommendation: Recommendation;
  readonly weights: { readonly unet: string; readonly vae: string; readonly textEncoder: string };
  /** Pixels of a picture per latent, on each side. */
  readonly vaeFactor: number;
}

/** Full precision first, then half, as published. */
const DIFFUSERS_WEIGHTS = [
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.fp16.safetensors',
  'diffusion_pytorch_model.non_ema.safetensors',
];
const TRANSFORMERS_WEIGHTS = ['model.safetensors', 'model.fp16.safetensors'];

/** The steps and guidance that Stable Diffusion 1 pipelines default to elsewhere are 50 and 7.5; fewer steps suffice. */
const DEFAULT_STEPS = 25;
const DEFAULT_GUIDANCE = 7.5;
const DEFAULT_SAMPLE_SIZE = 64;

/** @throws EngineError naming the file that is missing, malformed or of another architecture, and what to do. */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const root = resolve(path);
  await readable(root, `The model folder ${root} does not exist; check the path.`);
  const index = await config(join(root, 'model_index.json'), modelIndexSchema);
  refuseOtherFamilies(index._class_name, root);

  const vae = await config(join(root, 'vae', 'config.json'), vaeConfigSchema);
  const unet = await config(join(root, 'unet', 'config.json'), unetConfigSchema);
  const scheduler = await config(join(root, 'scheduler', 'scheduler_config.json'), schedulerConfigSchema);
  const textEncoder = await config(join(root, 'text_encoder', 'config.json'), textEncoderConfigSchema);
  const folder: ModelFolder = {
    id: basename(root),
    path: root,
    unet,
    vae,
    textEncoder,
    // The reference pipeline forces the offset to 1, whatever older configs say.
    scheduler: { ...scheduler, steps_offset: 1 },
    recommendation: await optionalConfig(join(root, 'easel.json'), recommendationSchema),
    weights: {
      unet: await firstOf(join(root, 'unet'), DIFFUSERS_WEIGHTS),
      vae: await firstOf(join(root, 'vae'), DIFFUSERS_WEIGHTS),
      textEncoder: await firstOf(join(root, 'text_encoder'), TRANSFORMERS_WEIGHTS),
    },
    vaeFactor: 2 ** (vae.block_out_channels.length - 1),
  };
  for (const file of ['vocab.json', 'merges.txt']) {
    await readable(join(root, 'tokenizer', file), missing(join(root, 'tokenizer', file)));
  }
  checkFit(folder);
  return folder;
}

export function describeModel(folder: ModelFolder): ModelDescription {
  const { recommendation, unet, vaeFactor } = folder;
  const size = unet.sample_size ?? DEFAULT_SAMPLE_SIZE;
  const [latentHeight, latentWidth] = typeof size === 'number' ? [size, size] : size;
  return {
    id: folder.id,
    title: recommendation.name ?? folder.id,
    width: recommendation.width ?? latentWidth * vaeFactor,
    height: recommendation.height ?? latentHeight * vaeFactor,
    steps: recommendation.steps ?? DEFAULT_STEPS,
    guidance: recommendation.guidance ?? DEFAULT_GUIDANCE,
    sampler: samplerOf(folder.scheduler, join(folder.path, 'scheduler', 'scheduler_config.json')),
  };
}

function refuseOtherFamilies(className: string, root: string): void {
  if (className === 'StableDiffusionPipeline') return;
  throw new EngineError(
    'unsupported_model',
    `${root} is a ${className} model; Easel runs the Stable Diffusion 1 family (StableDiffusionPipeline).`,
    { folder: root, pipeline: className },
  );
}

function checkFit({ path, unet, vae, textEncoder }: ModelFolder): void {
  const complain = (what: string) => {
    throw new EngineError(
      'unsupported_model',
      `The model in ${path} cannot be run: ${what}. Use a Stable Diffusion 1 text-to-image model.`,
      { folder: path },
    );
  };
  if (unet.in_channels !== vae.latent_channels || unet.out_channels !== vae.latent_channels) {
    complain(
      `its UNet takes ${unet.in_channels} channels and gives ${unet.out_channels}, its VAE has ${vae.latent_channels} (an inpainting or depth model?)`,
    );
  }
  if (unet.cross_attention_dim !== textEncoder.hidden_size) {
    complain(
      `its UNet expects text of width ${unet.cross_attention_dim}, its encoder gives ${textEncoder.hidden_size}`,
    );
  }
}

async function config<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.output<Schema>> {
  await readable(file, missing(file));
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new EngineError('corrupt_file', `${file} is not JSON; download it again.`, { file }, cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue?.path.join('.') ?? '';
  throw new EngineError(
    'unsupported_model',
    `${file} has a value that Easel cannot run${key === '' ? '' : ` at "${key}"`}: ${issue?.message ?? 'invalid'}. Easel runs the Stable Diffusion 1 family.`,
    { file, key },
  );
}

async function optionalConfig<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.output<Schema>> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  return exists ? config(file, schema) : schema.parse({});
}

async function firstOf(folder: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const file = join(folder, name);
    const found = await access(file).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  throw new EngineError('missing_file', missing(join(folder, names[0] ?? '')), { file: join(folder, names[0] ?? '') });
}

async function readable(path: string, message: string): Promise<void> {
  await access(path).catch((cause: unknown) => {
    throw new EngineError('missing_file', message, { file: path }, cause);
  });
}

function missing(file: string): string {
  return `The model folder lacks ${file}; download it again, or point Easel at a complete folder in diffusers layout.`;
}
