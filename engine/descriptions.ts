import type { SamplerName } from './sampler-names.ts';

/** What people and front ends need to know of a model before they ask it for pictures. */
export interface ModelDescription {
  readonly id: string;
  readonly title: string;
  /** As people call it: `Stable Diffusion XL`. */
  readonly family: string;
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
  /** Whether it was made to fill in what is masked in a picture; it draws whole pictures, too. */
  readonly isInpainting?: boolean;
  /** Whether it brings a safety checker, which judges every picture unless a spec says otherwise. */
  readonly hasSafetyChecker?: boolean;
  /** Whether a Tiny AutoEncoder lies beside it, for previews and for `GenerationSpec.decoder`. */
  readonly hasTinyAutoencoder?: boolean;
  /** Pixels: sides that `--ar` chooses are multiples of it, as the model was trained. @default 8 */
  readonly sizeStep?: number;
  /** Work of a step for each pixel, as a multiple of what Stable Diffusion 1 takes; absent before its weights are here. */
  readonly work?: number;
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
  /** Where its timesteps begin, whatever the model's scheduler says; absent where the sampler has steps of its own. */
  readonly spacing?: 'trailing';
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

/** What the engine can draw here, and with what. */
export interface EngineDescription {
  readonly models: readonly ModelDescription[];
  readonly defaultModel: string;
  /** ONNX Runtime's execution provider that draws: found by trying when it was left to Easel. */
  readonly provider: string;
  /** More about how it draws; absent of an engine that tells no more. */
  readonly execution?: ExecutionDescription;
  /** Devices that draw, each with its own `slots`. @default 1 */
  readonly devices?: number;
  /** Tasks that are worth running at once on a device: more would only make each of them wait. At least 1. */
  readonly slots: number;
  /** Names of what can be added to a picture: `<lora:NAME:0.8>` in its prompt, or the NAME of an embedding as a word. */
  readonly loras: readonly string[];
  readonly embeddings: readonly string[];
  /** Models that enlarge pictures, by name; absent of an engine that has none. */
  readonly upscalers?: readonly string[];
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
