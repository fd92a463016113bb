import type { ModelFamily } from '../families/model-family.ts';
import { pipelineTitle, unsupportedModel } from '../families/other-architectures.ts';
import { SD1 } from '../families/sd1.ts';
import { SD2 } from '../families/sd2.ts';
import { SDXL } from '../families/sdxl.ts';
import type { ModelIndex, UnetConfig } from './configs.ts';

/** Pipelines in diffusers layout that Easel draws with: Stable Diffusion 1 and 2 have the same. */
export type Pipeline = 'sd' | 'sdxl';

/**
 * What the pipeline of a folder in diffusers layout is.
 * @throws EngineError `unsupported_model` naming the kind of model
 */
export function pipelineOf(root: string, { _class_name: name, text_encoder: first }: ModelIndex): Pipeline {
  if (/^StableDiffusion(Inpaint)?Pipeline$/.test(name)) return 'sd';
  if (!/^StableDiffusionXL(Img2Img|Inpaint)?Pipeline$/.test(name)) throw unsupportedModel(root, pipelineTitle(name));
  // It is published as a pipeline from picture to picture, with the second text encoder alone.
  if (first?.[1] === null) throw unsupportedModel(root, 'Stable Diffusion XL refiner');
  return 'sdxl';
}

/** The width of the text tells Stable Diffusion 2 from 1. */
export function familyOf(pipeline: Pipeline, unet: UnetConfig): ModelFamily {
  if (pipeline === 'sdxl') return SDXL;
  return unet.cross_attention_dim === SD2.text.width ? SD2 : SD1;
}
