import type { ModelDescription } from '../descriptions.ts';
import { displayModel } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { SD1 } from '../families/sd1.ts';
import type { SchedulerConfig } from '../schedulers/config.ts';
import type { DefaultSampler } from '../schedulers/default-sampler.ts';
import type { WeightSource } from '../weights/weight-source.ts';
import type { Recommendation, TextEncoderConfig, UnetConfig, VaeConfig } from './configs.ts';

/** A model, its configuration read and its weights found, nothing loaded. */
export interface Model {
  readonly id: string;
  /** The diffusers folder or the checkpoint file. */
  readonly path: string;
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  readonly textEncoder: TextEncoderConfig;
  readonly scheduler: SchedulerConfig;
  /** What its scheduler stands for. */
  readonly sampler: DefaultSampler;
  readonly recommendation: Recommendation;
  readonly weights: { readonly unet: WeightSource; readonly vae: WeightSource; readonly textEncoder: WeightSource };
  /** Weights of a Tiny AutoEncoder for previews, where there are any. */
  readonly taesd?: string;
  /** The judge of finished pictures, where the model has one. */
  readonly safetyChecker?: WeightSource & { readonly folder: string };
  /** The tokenizer's folder: see tokenizer/tokenizer-files.ts. */
  readonly tokenizer: string;
  /** Pixels of a picture per latent, on each side. */
  readonly vaeFactor: number;
  /** What whoever runs Easel should know of its files, a sentence each. */
  readonly notes?: readonly string[];
  /** What is still to be fetched before the weights can be read. */
  readonly download?: PendingDownload;
}

/** What is still to come from the Hub. */
export interface PendingDownload {
  /** Of all files together. */
  readonly bytes: number;
  /** Goes on where an earlier try was cut off. @param onProgress is told how many bytes are there. */
  run(onProgress: (bytes: number) => void): Promise<void>;
}

/**
 * What the reference pipeline makes of a scheduler's config, whatever older ones say: the offset is 1, and x₀ is not cut
 * off at ±1, since latents are not pixels.
 */
export function forLatents(scheduler: SchedulerConfig): SchedulerConfig {
  return { ...scheduler, steps_offset: 1, clip_sample: false };
}

/** What people are told of a model: its own recommendations, else its family's. */
export function describeModel(model: Model): ModelDescription {
  const { recommendation, unet, vaeFactor } = model;
  const { prediction_type } = model.scheduler;
  const note = samplerNote(model);
  const size = unet.sample_size ?? SD1.defaults.sampleSize;
  const [latentHeight, latentWidth] = typeof size === 'number' ? [size, size] : size;
  return {
    id: model.id,
    title: recommendation.name ?? model.id,
    width: recommendation.width ?? latentWidth * vaeFactor,
    height: recommendation.height ?? latentHeight * vaeFactor,
    steps: recommendation.steps ?? SD1.defaults.steps,
    guidance: recommendation.guidance ?? SD1.defaults.guidance,
    sampler: model.sampler.name,
    ...(note !== undefined && { samplerNote: note }),
    ...(prediction_type !== 'epsilon' && { predictionType: prediction_type }),
    hasSafetyChecker: model.safetyChecker !== undefined,
    hasTinyAutoencoder: model.taesd !== undefined,
    ...(model.download !== undefined && { downloadBytes: model.download.bytes }),
  };
}

/** A sentence where the model's default sampler is not its own to the letter. */
export function samplerNote({ id, sampler }: Pick<Model, 'id' | 'sampler'>): string | undefined {
  return sampler.note === undefined ? undefined : `${id}: ${sampler.note}`;
}

/** @throws EngineError when the networks do not take what their neighbours give. */
export function checkFit({ path, unet, vae, textEncoder }: Model): void {
  const complain = (what: string) => {
    throw new EngineError(
      'unsupported_model',
      `The model ${displayModel(path)} cannot be run: ${what}. Use a Stable Diffusion 1 text-to-image model.`,
      { folder: path },
    );
  };
  if (unet.in_channels !== vae.latent_channels || unet.out_channels !== vae.latent_channels) {
    complain(
      `its UNet has ${unet.in_channels} input and ${unet.out_channels} output channels, its VAE has ${vae.latent_channels} (an inpainting or depth model?)`,
    );
  }
  if (unet.cross_attention_dim !== textEncoder.hidden_size) {
    complain(
      `its UNet expects text embeddings of width ${unet.cross_attention_dim}, its text encoder gives ${textEncoder.hidden_size}`,
    );
  }
}

/** Pixels per latent along a side: each level of the VAE but the last halves it. */
export function vaeFactorOf(vae: VaeConfig): number {
  return 2 ** (vae.block_out_channels.length - 1);
}
