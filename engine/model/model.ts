import type { ModelDescription } from '../descriptions.ts';
import { displayModel } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import type { ModelFamily } from '../families/model-family.ts';
import type { SchedulerConfig } from '../schedulers/config.ts';
import type { DefaultSampler } from '../schedulers/default-sampler.ts';
import type { TextNetwork } from '../weights/checkpoint-names.ts';
import type { WeightSource } from '../weights/weight-source.ts';
import type { Recommendation, TextEncoderConfig, UnetConfig, VaeConfig } from './configs.ts';
import type { Distillation } from './distilled.ts';

/** A model, its configuration read and its weights found, nothing loaded. */
export interface Model {
  readonly id: string;
  /** The diffusers folder or the checkpoint file. */
  readonly path: string;
  readonly family: ModelFamily;
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  /** The UNet attends to what they say side by side; the last one pools the text where the UNet asks for that. */
  readonly textEncoders: readonly [TextEncoderFiles, ...TextEncoderFiles[]];
  readonly scheduler: SchedulerConfig;
  /** What its scheduler stands for. */
  readonly sampler: DefaultSampler;
  readonly recommendation: Recommendation;
  /** Present for a model that draws in few steps. */
  readonly distillation?: Distillation | undefined;
  readonly weights: { readonly unet: WeightSource; readonly vae: WeightSource };
  /** Whether an empty negative prompt is zeros, instead of what the text encoders make of it. */
  readonly zeroesEmptyNegative: boolean;
  /** Weights of a Tiny AutoEncoder for previews, where there are any. */
  readonly taesd?: string;
  /** The judge of finished pictures, where the model has one. */
  readonly safetyChecker?: WeightSource & { readonly folder: string };
  /** Pixels of a picture per latent, on each side. */
  readonly vaeFactor: number;
  /** What whoever runs Easel should know of its files, a sentence each. */
  readonly notes?: readonly string[];
  /** What is still to be fetched before the weights can be read. */
  readonly download?: PendingDownload;
}

/** One of the text encoders of a model. */
export interface TextEncoderFiles {
  readonly network: TextNetwork;
  readonly config: TextEncoderConfig;
  readonly weights: WeightSource;
  /** The tokenizer's folder: see tokenizer/tokenizer-files.ts. */
  readonly tokenizer: string;
  /** The token that fills a prompt up, where the tokenizer's folder is not the model's own. */
  readonly padding?: string;
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
  const { family, recommendation, distillation, unet, vaeFactor } = model;
  const { prediction_type } = model.scheduler;
  const note = samplerNote(model);
  const size = unet.sample_size ?? family.defaults.sampleSize;
  const [latentHeight, latentWidth] = typeof size === 'number' ? [size, size] : size;
  return {
    id: model.id,
    title: recommendation.name ?? model.id,
    family: family.title,
    width: recommendation.width ?? latentWidth * vaeFactor,
    height: recommendation.height ?? latentHeight * vaeFactor,
    sizeStep: family.defaults.sizeStep,
    steps: recommendation.steps ?? distillation?.steps ?? family.defaults.steps,
    guidance: recommendation.guidance ?? distillation?.guidance ?? family.defaults.guidance,
    sampler: model.sampler.name,
    ...(note !== undefined && { samplerNote: note }),
    ...(prediction_type !== 'epsilon' && { predictionType: prediction_type }),
    isInpainting: isInpainting(model),
    hasSafetyChecker: model.safetyChecker !== undefined,
    hasTinyAutoencoder: model.taesd !== undefined,
    ...(model.download !== undefined && { downloadBytes: model.download.bytes }),
  };
}

/** A sentence where the model's default sampler is not its own to the letter. */
export function samplerNote({ id, sampler }: Pick<Model, 'id' | 'sampler'>): string | undefined {
  return sampler.note === undefined ? undefined : `${id}: ${sampler.note}`;
}

/** Channels of the text that the UNet attends to. */
export function textWidth({ textEncoders }: Pick<Model, 'textEncoders'>): number {
  return textEncoders.reduce((sum, { config }) => sum + config.hidden_size, 0);
}

/** @throws EngineError when the networks do not take what their neighbours give. */
export function checkFit({ path, unet, vae, textEncoders }: Model): void {
  const complain = (what: string) => {
    throw new EngineError(
      'unsupported_model',
      `The model ${displayModel(path)} cannot be run: ${what}. Use a Stable Diffusion text-to-image model.`,
      { folder: path },
    );
  };
  const inputs = [vae.latent_channels, inpaintingChannels(vae)];
  if (!inputs.includes(unet.in_channels) || unet.out_channels !== vae.latent_channels) {
    complain(
      `its UNet has ${unet.in_channels} input and ${unet.out_channels} output channels, its VAE has ${vae.latent_channels} (a depth model, or one that edits pictures?)`,
    );
  }
  const width = textWidth({ textEncoders });
  if (unet.cross_attention_dim !== width) {
    complain(
      `its UNet expects text embeddings of width ${unet.cross_attention_dim}, its ${textEncoders.length === 1 ? 'text encoder gives' : 'text encoders give'} ${width}`,
    );
  }
  const [first, ...others] = textEncoders.map(({ config }) => config);
  const unequal = others.find(
    ({ vocab_size, max_position_embeddings }) =>
      vocab_size !== first?.vocab_size || max_position_embeddings !== first?.max_position_embeddings,
  );
  if (unequal !== undefined) complain('its text encoders have different vocabularies');
  const pooled = textEncoders.at(-1)?.config.projection_dim;
  if (unet.addition !== undefined && unet.addition.textWidth !== pooled) {
    complain(
      `its UNet expects a pooled text of width ${unet.addition.textWidth}, its second text encoder gives ${pooled}`,
    );
  }
}

/** Noisy latents, the mask, and the latents of the picture without what is masked. */
function inpaintingChannels({ latent_channels: channels }: VaeConfig): number {
  return channels + 1 + channels;
}

/** Whether the model was made for inpainting: its UNet is told what is masked, and what lies around it. */
export function isInpainting({ unet, vae }: Pick<Model, 'unet' | 'vae'>): boolean {
  return unet.in_channels === inpaintingChannels(vae);
}

/** Pixels per latent along a side: each level of the VAE but the last halves it. */
export function vaeFactorOf(vae: VaeConfig): number {
  return 2 ** (vae.block_out_channels.length - 1);
}
