import type { EngineDescription } from './descriptions.ts';
import type { InitPicture, Latents, Picture, RgbImage } from './picture.ts';
import type { EngineTask } from './task.ts';

/** What a task is at, in this order; `downloading` only for a model from the Hub. */
export type Phase = 'downloading' | 'loading' | 'encoding' | 'denoising' | 'decoding';

/** How far a running task is. */
export interface Progress {
  readonly phase: Phase;
  /** Denoising steps finished, of `steps` for this task; megabytes that are there while `downloading`. */
  readonly step: number;
  readonly steps: number;
  /** Latent-resolution previews, one a picture; present every few steps. */
  readonly previews?: readonly RgbImage[];
}

/** What each part of a task took, in milliseconds. */
export interface Timings {
  readonly loadMs: number;
  readonly textMs: number;
  readonly stepMs: readonly number[];
  readonly decodeMs: number;
}

/** One of several devices, each with an engine process of its own. */
export interface DeviceStatus {
  /** The provider's number of it. */
  readonly device: number;
  /** What its process takes of memory, bytes, as it last told; absent while there is none. */
  readonly memoryBytes?: number;
  /** Id of the model that its process holds; absent before it loads one, and after it ended. */
  readonly model?: string;
  /** Tasks that it runs. */
  readonly running: number;
}

/** What accompanies a task and is not part of its recipe. */
export interface RunOptions {
  /** Index among `Engine.devices`. @default the one that runs least */
  readonly device?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The final latents of `UpscaleTask.source`; without them the engine makes them again from the recipe. */
  readonly sourceLatents?: Latents;
  /** The pixels of `GenerationSpec.init`. */
  readonly init?: InitPicture;
}

/** The pictures of a task, in the order of their seeds. */
export interface RunResult {
  readonly pictures: readonly Picture[];
  readonly timings: Timings;
  /** The most memory that the engine's process has had since it began, bytes; absent of an engine that does not tell. */
  readonly peakBytes?: number;
  /** What the person should know of how the request was read, a sentence each. */
  readonly notes: readonly string[];
}

/** The engine's process ended although nobody closed it; the next task starts another. */
export interface EngineLoss {
  /** `hung`: it did not answer, and was ended; `memory`: the system killed it, most likely for lack of memory. */
  readonly cause: 'hung' | 'memory' | 'ended';
  /** For a person, within a sentence. */
  readonly why: string;
  readonly pid: number | undefined;
  /** Whose process it was; absent of an engine of one device. */
  readonly device?: number;
  /** Requests that it was busy with. */
  readonly tasks: number;
}

/** Draws pictures. It may run in another process: what crosses it is plain data that survives `structuredClone`. */
export interface Engine {
  /** Tells of each loss of the engine's process; absent of an engine that has none. */
  onLost?(listener: (loss: EngineLoss) => void): void;
  /** What the engine's own process takes of memory, bytes, as it last told; absent where it has none. */
  readonly memoryBytes?: number | undefined;
  /** Of an engine of several devices, in the order in which they were named. */
  readonly devices?: readonly DeviceStatus[];
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
  /**
   * How many times as fast as in float32 this CPU multiplies in int8; takes about a second. Absent of an engine that does
   * not tell.
   */
  measureInt8Gain?(): Promise<number>;
  /** Runs one task; rejects with an EngineError, code `aborted` when `signal` fired (between steps). */
  run(task: EngineTask, options?: RunOptions): Promise<RunResult>;
  /** Ends the engine and every running task. */
  close(): Promise<void>;
}
