import type { SamplerName } from './sampler-names.ts';
import type { Seed } from './seed.ts';
import type { UpscaleSettings } from './upscale-settings.ts';

/** Bounds the engine enforces; a front end shows them before the engine has to refuse. */
export const SPEC_LIMITS = {
  /** Pixels per side; also a multiple of `sizeMultiple`. */
  minSide: 64,
  maxSide: 2048,
  /** Pixels per side of an enlargement: large ones go through the networks in parts. */
  maxUpscaledSide: 4096,
  sizeMultiple: 8,
  /** Side ratios of one enlargement. */
  minUpscale: 1,
  maxUpscale: 4,
  minSteps: 1,
  maxSteps: 150,
  /** Guidance 1 and below runs the conditional half alone. */
  minGuidance: 0,
  maxGuidance: 30,
  /** CLIP ViT-L/14's layers. */
  maxClipSkip: 12,
  minCount: 1,
  maxCount: 4,
} as const;

/** Moves the starting noise from the main seed's towards another seed's, by spherical interpolation. */
export interface Variation {
  readonly seed: Seed;
  /** 0 keeps the noise, 1 replaces it. */
  readonly strength: number;
}

/** `cpu`: torch's CPU generator, as diffusers uses it; `cuda`: its CUDA generator, AUTOMATIC1111's default. */
export const NOISE_DEVICES = ['cpu', 'cuda'] as const;
export type NoiseDevice = (typeof NOISE_DEVICES)[number];

/**
 * How much a picture may differ from the exact one to be drawn sooner; `spec/speed-plan.ts` says by which means.
 * `exact`: not at all.
 */
export const SPEEDS = ['exact', 'balanced', 'fast'] as const;
export type Speed = (typeof SPEEDS)[number];

/** What makes pixels of the final latents: `full`, the VAE; `taesd`, the Tiny AutoEncoder beside the model. */
export const DECODERS = ['full', 'taesd'] as const;
export type Decoder = (typeof DECODERS)[number];

/** How prompts are turned into what the UNet attends to. */
export interface TextReading {
  /**
   * `a1111`: emphasis, BREAK, prompt editing, alternation, and prompts of any length in chunks of 75 tokens.
   * `plain`: every character as it stands, and what lies past the 75th token is cut off: as diffusers does it.
   */
  readonly syntax: PromptSyntax;
  /** Which of CLIP's last layers speaks: 1 the last, 2 the one before it, normalised as the last is. */
  readonly clipSkip: number;
}

export const PROMPT_SYNTAXES = ['a1111', 'plain'] as const;
export type PromptSyntax = (typeof PROMPT_SYNTAXES)[number];

/**
 * One request for pictures, fully resolved: nothing in it is left to chance.
 * Picture i of `count` uses seed + i, or, when there are variations, the same seed and the last variation's seed + i
 * (the batch rule of AUTOMATIC1111).
 */
export interface GenerationSpec {
  readonly prompt: string;
  readonly negative: string;
  /** Pixels; of the first pass where there are two. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidance: number;
  /**
   * 0–1: how far the guided prediction is brought back to the contrast of the unguided one, against overexposure by
   * models of zero terminal signal-to-noise ratio (diffusers' `guidance_rescale`). Absent is 0: not at all.
   */
  readonly guidanceRescale?: number;
  readonly sampler: SamplerName;
  /** A model id of `EngineDescription.models`. */
  readonly model: string;
  /** The `cpu` noise uses its low 32 bits, as torch's CPU generator does; the `cuda` noise uses all 64. */
  readonly seed: Seed;
  readonly count: number;
  /** Applied in order; empty for a fresh picture. */
  readonly variations: readonly Variation[];
  /** How the prompt is read. @default 'a1111' */
  readonly syntax?: PromptSyntax;
  readonly init?: InitSpec;
  /** See `TextReading`. @default 1 */
  readonly clipSkip?: number;
  /** False lets every picture through; absent, the model's own safety checker judges, where it has one. */
  readonly safety?: boolean;
  /** @default 'exact' */
  readonly speed?: Speed;
  /** @default 'full' */
  readonly decoder?: Decoder;
  /** Whose noise a seed means. @default 'cpu' */
  readonly noiseDevice?: NoiseDevice;
  /** Pixels: the noise is that of a picture of this size, so that another shape keeps its composition. */
  readonly seedSize?: { readonly width: number; readonly height: number };
  /**
   * The picture is drawn in two passes: at `width`×`height`, where the model composes best, then enlarged and drawn over
   * (AUTOMATIC1111's "Hires. fix"). The same as an `UpscaleTask` of the picture without it.
   */
  readonly hires?: UpscaleSettings;
}

/** A picture to begin from instead of pure noise; its pixels come beside the task (`RunOptions.init`). */
export interface InitSpec {
  /** Names the picture for whoever keeps it; the engine only repeats it in recipes. */
  readonly image: string;
  /** Share of the schedule that is run, 0–1: how much the picture may change. */
  readonly strength: number;
  /** Names the mask: what is white in it is drawn again, what is black stays. */
  readonly mask?: string;
}
