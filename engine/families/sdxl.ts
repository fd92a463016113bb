import type { ModelFamily } from './model-family.ts';

/**
 * Stable Diffusion XL (Podell et al. 2023) and what was trained from it: two text encoders, CLIP ViT-L/14 and OpenCLIP
 * ViT-bigG/14, a UNet of 2.6 G weights that knows a picture's size and crop, 1024×1024 pixels.
 */
export const SDXL: ModelFamily = {
  title: 'Stable Diffusion XL',
  // Its reference pipeline takes 50 steps and guidance 5 by default; fewer steps suffice.
  defaults: { steps: 25, guidance: 6, sampleSize: 128, sizeStep: 64 },
  // Of SDXL base 1.0.
  scheduler: {
    _class_name: 'EulerDiscreteScheduler',
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    timestep_spacing: 'leading',
    clip_sample: false,
  },
  text: {
    headWidth: 64,
    width: 2048,
    clipSkip: 2,
    isNormalised: false,
    encoders: [{ activation: 'quick_gelu' }, { activation: 'gelu', padding: '!' }],
    unusedLayers: 0,
    zeroesEmptyNegative: true,
  },
  latents: {
    scalingFactor: 0.13025,
    windowSide: 128,
    // Its attention begins at half the resolution, so that 1536×1536 costs what 768×768 costs Stable Diffusion 1.
    wholeArea: 192 * 192,
    // ComfyUI, latent_formats.py.
    rgb: [
      [0.3651, 0.4232, 0.4341],
      [-0.2533, -0.0042, 0.1068],
      [0.1076, 0.1111, -0.0362],
      [-0.3165, -0.2492, -0.2188],
    ],
    rgbBias: [0.1084, -0.0175, -0.0011],
  },
  vaeOverflows: true,
  unetHeadWidth: 64,
};
