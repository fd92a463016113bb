import { needsNegative } from '../prompt/composition.ts';
import { stageAt } from '../prompt/prompt-editing.ts';
import type { NoiseSource, Scheduler } from '../schedulers/scheduler.ts';
import { EXACT, type SpeedPlan } from '../spec/speed-plan.ts';
import { blend } from './init-picture.ts';

/** What one picture asks of the UNet at its next call. */
export interface DenoiserInput {
  /** Flat [channels, height, width], scaled as the UNet was trained. */
  readonly sample: Float32Array;
  /** More channels that go beside it, never scaled: see `DenoiserOptions`. */
  readonly beside: Float32Array | undefined;
  readonly timestep: number;
  /** Texts to predict under: those of the prompt's parts, and with guidance the negative prompt's before them. */
  readonly contexts: readonly TextContext[];
  /** Whether features that an earlier call left may stand in for the UNet's deep layers. */
  readonly reusesFeatures: boolean;
  /** Whether a later call wants the features of this one. */
  readonly keepsFeatures: boolean;
  /** See `SpeedPlan`. */
  readonly keyStride: number;
}

/**
 * What the UNet attends to: the embeddings of a prompt's chunks, [positions, hidden] each, one after the other. Steps
 * share the chunks that they have in common; a call's own copy of them lives as long as the call.
 */
export interface TextContext {
  readonly chunks: readonly Float32Array[];
  /** The prompt in one vector, that of its first chunk, where the model's UNet is told one. */
  readonly pooled?: Float32Array | undefined;
}

/** The texts, and the step up to which each counts; never empty. See `stageAt`. */
export type Conditioning = readonly { readonly endStep: number; readonly context: TextContext }[];

/** A part of the prompt, and how much it weighs; see `promptParts`. */
export interface WeightedConditioning {
  readonly conditioning: Conditioning;
  readonly weight: number;
}

/** Everything that one picture is denoised by. */
export interface DenoiserOptions {
  readonly scheduler: Scheduler;
  /** The first of the scheduler's calls to make. */
  readonly begin: number;
  /** Already at the noise level of that call. */
  readonly sample: Float32Array;
  /** Never empty. */
  readonly positive: readonly WeightedConditioning[];
  readonly negative: Conditioning;
  /**
   * At 1 and below a prompt of one part needs no negative prompt, which saves half the work; with several parts it counts
   * as 1.
   */
  readonly guidance: number;
  /** 0–1; absent is 0. */
  readonly guidanceRescale?: number | undefined;
  readonly noise: NoiseSource;
  /** @default EXACT */
  readonly speed?: SpeedPlan;
  /**
   * For a model that was made for inpainting: the mask and the latents around it, [1 + channels, height, width]. It puts
   * back nothing by itself.
   */
  readonly beside?: Float32Array | undefined;
  /** Finished latents that stay where the mask ([height, width]) is 0, and the noise they are under until then. */
  readonly keep?: { readonly mask: Float32Array; readonly latents: Float32Array; readonly noise: Float32Array };
}

/**
 * One picture's denoising as a state machine: `input`, then `accept` with what the UNet predicted, until `done`.
 * It never calls a network itself, so one UNet call can serve many pictures, each by a method of its own.
 */
export class Denoiser {
  readonly #options: DenoiserOptions;
  readonly #speed: SpeedPlan;
  #sample: Float32Array;
  #call: number;
  #input: DenoiserInput | undefined;
  #newest: { readonly call: number; readonly sample: Float32Array; readonly prediction: Float32Array } | undefined;

  constructor(options: DenoiserOptions) {
    this.#options = options;
    this.#speed = options.speed ?? EXACT;
    this.#sample = options.sample;
    this.#call = options.begin;
  }

  get done(): boolean {
    return this.#call >= this.#options.scheduler.timesteps.length;
  }

  /** Steps as a person counts them, finished and in all; a step may be several UNet calls. */
  get progress(): { readonly step: number; readonly steps: number } {
    const { scheduler, begin } = this.#options;
    const total = (scheduler.stepOf.at(-1) ?? -1) + 1;
    const first = scheduler.stepOf[begin] ?? total;
    return { step: (scheduler.stepOf[this.#call] ?? total) - first, steps: total - first };
  }

  /** Latents as they stand; final when `done`. */
  get sample(): Float32Array {
    return this.#sample;
  }

  /** What the finished latents would be if the newest prediction were right, for previews. */
  get estimate(): Float32Array | undefined {
    if (this.#newest === undefined) return undefined;
    const { prediction, call, sample } = this.#newest;
    return this.#options.scheduler.estimate(prediction, call, sample);
  }

  input(): DenoiserInput {
    const { scheduler } = this.#options;
    this.#input ??= {
      sample: scheduler.scaleModelInput(this.#sample, this.#call),
      beside: this.#options.beside,
      timestep: scheduler.timesteps[this.#call] ?? 0,
      contexts: this.#contexts(),
      reusesFeatures: !this.#isWhole(this.#call),
      keepsFeatures: !this.#isWhole(this.#call + 1),
      keyStride: this.#isExact(this.#call) ? 1 : this.#speed.keyStride,
    };
    return this.#input;
  }

  #contexts(): readonly TextContext[] {
    const { positive, negative, scheduler } = this.#options;
    const parts = positive.map(({ conditioning }) => conditioning);
    const conditionings = needsNegative(this.#guidance, parts.length) ? [negative, ...parts] : parts;
    const step = scheduler.stepOf[this.#call] ?? 0;
    return conditionings.map((conditioning) => stageAt(conditioning, step).context);
  }

  /** Of the present call: none at low noise, where the speed plan says so. */
  get #guidance(): number {
    const { guidance } = this.#options;
    return this.#shareBefore(this.#call) < this.#speed.guidedShare ? guidance : Math.min(guidance, 1);
  }

  /** Whether a call computes the whole UNet. */
  #isWhole(call: number): boolean {
    return this.#isExact(call) || (call - this.#options.begin) % this.#speed.wholeEvery === 0;
  }

  #isExact(call: number): boolean {
    return this.#shareBefore(call) < this.#speed.exactShare;
  }

  /** Share of the schedule's steps that lie before a call; of one behind the last, 0. */
  #shareBefore(call: number): number {
    const { stepOf } = this.#options.scheduler;
    return (stepOf[call] ?? 0) / ((stepOf.at(-1) ?? 0) + 1);
  }

  /** @param predictions one for each of the input's contexts, in order. */
  accept(predictions: readonly Float32Array[]): void {
    const { scheduler, positive, guidanceRescale, noise } = this.#options;
    const [negative, prompt] = compose(predictions, positive);
    const prediction = prompt === undefined ? negative : guide(negative, prompt, this.#guidance, guidanceRescale ?? 0);
    this.#newest = { call: this.#call, sample: this.#sample, prediction };
    this.#sample = scheduler.step(prediction, this.#call, this.#sample, noise);
    this.#input = undefined;
    this.#call += 1;
    this.#restoreKept();
  }

  /** Inpainting without a model made for it: outside the mask the picture is put back, at the noise level reached. */
  #restoreKept(): void {
    const { keep, scheduler } = this.#options;
    if (keep === undefined) return;
    const kept = this.done ? keep.latents : scheduler.addNoise(keep.latents, keep.noise, this.#call);
    this.#sample = blend(keep.mask, this.#sample, kept);
  }
}

/**
 * Composition (Liu et al. 2022, as AUTOMATIC1111 has it): the prompt's prediction is negative + Σ wᵢ · (partᵢ − negative).
 * @returns the negative prompt's prediction and the prompt's; without guidance the prompt's alone
 */
function compose(
  predictions: readonly Float32Array[],
  positive: readonly WeightedConditioning[],
): readonly [first: Float32Array, prompt?: Float32Array] {
  const [negative, ...parts] = predictions;
  if (negative === undefined) throw new Error('a prediction is needed');
  const [only] = parts;
  if (only === undefined) return [negative];
  if (parts.length === 1) return [negative, only];
  const prompt = Float32Array.from(negative);
  for (const [p, part] of parts.entries()) {
    const weight = positive[p]?.weight ?? 0;
    for (let i = 0; i < prompt.length; i += 1) {
      prompt[i] = (prompt[i] as number) + weight * ((part[i] as number) - (negative[i] as number));
    }
  }
  return [negative, prompt];
}

/** Classifier-free guidance (Ho & Salimans 2022): negative + guidance · (positive − negative), then rescaled. */
function guide(negative: Float32Array, positive: Float32Array, guidance: number, rescale: number): Float32Array {
  const scale = Math.max(guidance, 1);
  const guided = negative.map((value, i) => value + scale * ((positive[i] ?? 0) - value));
  if (rescale === 0) return guided;
  // Lin et al. 2023, section 3.4: guidance raises the deviation, which washes pictures out.
  const factor = 1 + rescale * (deviation(positive) / deviation(guided) - 1);
  return guided.map((value) => value * factor);
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
