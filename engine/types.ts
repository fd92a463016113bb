import type { Seed } from './seed.ts';

/** The engine's vocabulary. Every type here is plain data that survives `structuredClone` across the process boundary. */

/** Methods whose noise levels follow the training timesteps. `schedulers/index.ts` says which class each one is. */
export const PLAIN_METHODS = ['pndm', 'ddim', 'ddpm', 'lcm', 'euler_a'] as const;
/** Methods whose noise levels can be spread otherwise, too. */
export const SPACED_METHODS = [
  'euler',
  'heun',
  'lms',
  'dpm2',
  'dpm2_a',
  'dpmpp_2m',
  'dpmpp_2m_sde',
  'dpmpp_2s_a',
  'dpmpp_sde',
  'unipc',
  'deis',
] as const;
/** How noise levels are spread where they do not follow the timesteps: see `schedulers/sigma-path.ts`. */
export const SIGMA_SPACINGS = ['karras', 'exponential', 'beta'] as const;

export type SamplerMethod = (typeof PLAIN_METHODS)[number] | (typeof SPACED_METHODS)[number];
export type SigmaSpacing = (typeof SIGMA_SPACINGS)[number];
/** A method, and how its noise levels are spread: `dpmpp_2m`, `dpmpp_2m_karras`. */
export type SamplerName = SamplerMethod | `${(typeof SPACED_METHODS)[number]}_${SigmaSpacing}`;

/** Every sampler: what commands offer. */
export const SAMPLER_NAMES: readonly SamplerName[] = [
  ...PLAIN_METHODS,
  ...SPACED_METHODS.flatMap((method): SamplerName[] => [
    method,
    ...SIGMA_SPACINGS.map((spacing) => `${method}_${spacing}` as const),
  ]),
];

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

/** Final latents of one picture, [channels, height, width], in the UNet's scale. */
export interface Latents {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float32Array;
}

/** How latents are enlarged; torch's `interpolate` modes. */
export const RESAMPLE_MODES = ['bilinear', 'nearest', 'bicubic'] as const;
export type ResampleMode = (typeof RESAMPLE_MODES)[number];

/**
 * How a picture is enlarged: its latents, by interpolation, or (`lanczos`) its pixels, by the filter that keeps edges
 * sharp. With strength 0 the latter is plain enlargement, without any denoising.
 */
export const UPSCALE_MODES = [...RESAMPLE_MODES, 'lanczos'] as const;
export type UpscaleMode = (typeof UPSCALE_MODES)[number];

export interface GenerateTask {
  readonly kind: 'generate';
  readonly spec: GenerationSpec;
}

/** How a picture becomes larger. */
export interface UpscaleSettings {
  /** Side ratio, e.g. 2. The new sides are rounded to a multiple of 8. */
  readonly factor: number;
  /** Share of the schedule that is run again on what was enlarged, 0–1; 0 leaves it as it is. */
  readonly strength: number;
  /** @default 'bilinear' */
  readonly mode?: UpscaleMode;
}

/** Enlarges a finished picture and refines it with the last part of the schedule. */
export interface UpscaleTask extends UpscaleSettings {
  readonly kind: 'upscale';
  /** The picture to enlarge: a spec with count 1, or an earlier enlargement. */
  readonly source: PictureRecipe;
}

export type EngineTask = GenerateTask | UpscaleTask;

/** What makes exactly one picture again: a `GenerateTask` with count 1, or an `UpscaleTask`. */
export type PictureRecipe = EngineTask;

export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Rows from the top, 3 bytes a pixel. */
  readonly rgb: Uint8Array;
}

/** As large as what is asked for. */
export interface InitPicture extends RgbImage {
  /** A byte a pixel, rows from the top: from 128 on it is white. */
  readonly mask?: Uint8Array;
}

export interface Picture extends RgbImage {
  readonly recipe: PictureRecipe;
  /** The safety checker objected: the picture is black. */
  readonly withheld?: boolean;
  readonly latents: Latents;
}

export type Phase = 'downloading' | 'loading' | 'encoding' | 'denoising' | 'decoding';

export interface Progress {
  readonly phase: Phase;
  /** Denoising steps finished, of `steps` for this task; megabytes that are there while `downloading`. */
  readonly step: number;
  readonly steps: number;
  /** Latent-resolution previews, one a picture; present every few steps. */
  readonly previews?: readonly RgbImage[];
}

export interface Timings {
  readonly loadMs: number;
  readonly textMs: number;
  readonly stepMs: readonly number[];
  readonly decodeMs: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The final latents of `UpscaleTask.source`; without them the engine makes them again from the recipe. */
  readonly sourceLatents?: Latents;
  /** The pixels of `GenerationSpec.init`. */
  readonly init?: InitPicture;
}

export interface RunResult {
  readonly pictures: readonly Picture[];
  readonly timings: Timings;
  /** The most memory that the engine's process has had since it began, bytes; absent of an engine that does not tell. */
  readonly peakBytes?: number;
  /** What the person should know of how the request was read, a sentence each. */
  readonly notes: readonly string[];
}

export interface ModelDescription {
  readonly id: string;
  readonly title: string;
  /** Native size in pixels: what the model was trained at. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidance: number;
  /** The sampler of the model's own scheduler_config.json, or the nearest that Easel has. */
  readonly sampler: SamplerName;
  /** A sentence where `sampler` is not the model's own to the letter; absent where it is. */
  readonly samplerNote?: string;
  /** What its UNet predicts; absent for the noise, as most models do. */
  readonly predictionType?: 'v_prediction' | 'sample';
  /** Whether it brings a safety checker, which judges every picture unless a spec says otherwise. */
  readonly hasSafetyChecker?: boolean;
  /** Whether a Tiny AutoEncoder lies beside it, for previews and for `GenerationSpec.decoder`. */
  readonly hasTinyAutoencoder?: boolean;
  /** Estimate of the most memory that one picture as it is drawn by default takes, bytes; absent before its weights are here. */
  readonly memoryBytes?: number;
  /** Bytes that must be fetched from the Hub before the first picture; absent when the model is on this machine. */
  readonly downloadBytes?: number;
}

/** What a LoRA that makes a model draw in few steps is used with. */
export interface FewStepSettings {
  readonly sampler: SamplerName;
  readonly steps: number;
  /** Absent where it leaves that to the model. */
  readonly guidance?: number;
}

/** How networks are run on this machine. */
export interface ExecutionDescription {
  /** Most CPU threads of one network. */
  readonly threads: number;
  /** Most rows of one UNet call, over all tasks. */
  readonly maxRows: number;
  /** Bytes that the engine's process may take, as found now; absent where it cannot be known, as on a GPU. */
  readonly memoryLimit?: number;
  /** Whether only one network at a time is in memory. */
  readonly offload: boolean;
  /** Present where the text encoder and the UNet run in int8. */
  readonly precision?: 'int8';
  /** A sentence for each provider that was tried first and does not work here, with what it needs. */
  readonly passedOver: readonly string[];
}

export interface EngineDescription {
  readonly models: readonly ModelDescription[];
  readonly defaultModel: string;
  /** ONNX Runtime's execution provider that draws: found by trying when it was left to Easel. */
  readonly provider: string;
  /** More about how it draws; absent of an engine that tells no more. */
  readonly execution?: ExecutionDescription;
  /** Tasks that are worth running at once: more would only make each of them wait. At least 1. */
  readonly slots: number;
  /** Names of what can be added to a picture: `<lora:NAME:0.8>` in its prompt, or the NAME of an embedding as a word. */
  readonly loras: readonly string[];
  readonly embeddings: readonly string[];
  /** Those of the LoRAs that are for few steps, by name. */
  readonly fewStepLoras?: Readonly<Record<string, FewStepSettings>>;
  /** The tokens that the files of embeddings name, by the embedding's NAME, where they are others than it. */
  readonly learnedTokens?: Readonly<Record<string, readonly string[]>>;
  /** A sentence for each file among the models that cannot be used. */
  readonly refused: readonly string[];
  /** For the operator alone: where the files of those sentences lie, by sentence. */
  readonly refusedFiles?: Readonly<Record<string, string>>;
  /** For the operator: what else there is to know of the files, a sentence each; absent when nothing. */
  readonly advice?: readonly string[];
}

/** The engine's process ended although nobody closed it; the next task starts another. */
export interface EngineLoss {
  /** `hung`: it did not answer, and was ended; `memory`: the system killed it, most likely for lack of memory. */
  readonly cause: 'hung' | 'memory' | 'ended';
  /** For a person, within a sentence. */
  readonly why: string;
  readonly pid: number | undefined;
  /** Requests that it was busy with. */
  readonly tasks: number;
}

export interface Engine {
  /** Tells of each loss of the engine's process; absent of an engine that has none. */
  onLost?(listener: (loss: EngineLoss) => void): void;
  /** What the engine's own process takes of memory, bytes, as it last told; absent where it has none. */
  readonly memoryBytes?: number | undefined;
  /** Reads the model folders' configuration (not the weights). @throws EngineError naming the file that is missing or wrong. */
  describe(): Promise<EngineDescription>;
  /**
   * Refuses what `run` would refuse before it draws, without loading anything: so that nobody waits in the queue in vain.
   * @throws EngineError `bad_request` for what cannot be drawn, `out_of_memory` for what does not fit, saying what would
   */
  check(task: EngineTask): Promise<void>;
  /**
   * Loads a model now, so that the first picture need not wait for it, and downloads it first where it must.
   * @throws EngineError when its weights are unfit, or cannot be had
   */
  load(modelId: string, options?: Pick<RunOptions, 'onProgress'>): Promise<void>;
  /** How many times as fast as in float32 this CPU multiplies in int8; takes about a second. Absent of an engine that does not tell. */
  measureInt8Gain?(): Promise<number>;
  /** Runs one task; rejects with an EngineError, code `aborted` when `signal` fired (between steps). */
  run(task: EngineTask, options?: RunOptions): Promise<RunResult>;
  /** Ends the engine and every running task. */
  close(): Promise<void>;
}
