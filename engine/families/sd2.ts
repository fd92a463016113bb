import type { ModelFamily } from './model-family.ts';
import { SD1 } from './sd1.ts';

/** Stable Diffusion 2.0 and 2.1: OpenCLIP ViT-H/14, of which the last layer but one speaks; the VAE of 1. */
export const SD2: ModelFamily = {
  title: 'Stable Diffusion 2',
  // Of the models for 768×768 pixels; those for 512×512 say so in their config.
  defaults: { steps: 25, guidance: 7.5, sampleSize: 96, sizeStep: 8 },
  // Of 2-1.
  scheduler: {
    _class_name: 'DDIMScheduler',
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    set_alpha_to_one: false,
    clip_sample: false,
    prediction_type: 'epsilon',
  },
  // Published folders leave out the last layer, so that the one that speaks is the last they have.
  text: {
    headWidth: 64,
    width: 1024,
    clipSkip: 1,
    isNormalised: true,
    encoders: [{ activation: 'gelu', padding: '!' }],
    unusedLayers: 1,
    zeroesEmptyNegative: false,
  },
  latents: { ...SD1.latents, windowSide: 96 },
  vaeOverflows: false,
  unetHeadWidth: 64,
};
