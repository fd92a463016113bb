import type { ModelFamily } from './model-family.ts';

/** Stable Diffusion 1.1 to 1.5 and what was trained from them: CLIP ViT-L/14, a UNet of 860 M weights, 512×512 pixels. */
export const SD1: ModelFamily = {
  title: 'Stable Diffusion 1',
  // Its reference pipeline takes 50 steps by default; fewer suffice.
  defaults: { steps: 25, guidance: 7.5, sampleSize: 64, sizeStep: 8 },
  // Of v1-4.
  scheduler: {
    _class_name: 'PNDMScheduler',
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    set_alpha_to_one: false,
    skip_prk_steps: true,
    clip_sample: false,
  },
  text: {
    headWidth: 64,
    width: 768,
    clipSkip: 1,
    isNormalised: true,
    encoders: [{ activation: 'quick_gelu' }],
    unusedLayers: 0,
    zeroesEmptyNegative: false,
  },
  latents: {
    scalingFactor: 0.18215,
    windowSide: 64,
    wholeArea: 128 * 128,
    // By least squares on decoded latents.
    rgb: [
      [0.3512, 0.2297, 0.3227],
      [0.325, 0.4974, 0.235],
      [-0.2829, 0.1762, 0.2721],
      [-0.212, -0.2616, -0.7177],
    ],
    rgbBias: [0, 0, 0],
  },
  vaeOverflows: false,
};
