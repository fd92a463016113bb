import { stageAt } from './prompt/schedule.ts';
import type { Scheduler } from './schedulers/scheduler.ts';

/** What one picture asks of the UNet at its next step. */
export interface DenoiserInput {
  /** Flat [channels, height, width], scaled as the UNet was trained. */
  readonly sample: Float32Array;
  readonly timestep: number;
  /** Text embeddings to predict under: the prompt's, and with guidance the negative prompt's before it. */
  readonly contexts: readonly Float32Array[];
}

/** Text embeddings, [tokens, hidden] each, and the step up to which each counts; never empty. See `stageAt`. */
export type Conditioning = readonly { readonly endStep: number; readonly context: Float32Array }[];

export interface DenoiserOptions {
  readonly scheduler: Scheduler;
  /** The first of the scheduler's calls to make. */
  readonly begin: number;
  /** Already at the noise level of that call. */
  readonly sample: Float32Array;
  readonly positive: Conditioning;
  readonly negative: Conditioning;
  /** At 1 and below the negative prompt has no part, and half the work is saved. */
  readonly guidance: number;
  readonly drawNoise: () => Float32Array;
}

/**
 * One picture's denoising as a state machine: `input`, then `accept` with what the UNet predicted, until `done`.
 * It never calls a network itself, so one UNet call can serve many pictures.
 */
export class Denoiser {
  readonly #options: DenoiserOptions;
  #sample: Float32Array;
  #call: number;
  #input: DenoiserInput | undefined;
  #lastEstimate: { readonly input: DenoiserInput; readonly prediction: Float32Array } | undefined;

  constructor(options: DenoiserOptions) {
    this.#options = options;
    this.#sample = options.sample;
    this.#call = options.begin;
  }

  get done(): boolean {
    return this.#call >= this.#options.scheduler.timesteps.length;
  }

  /** UNet calls made and to make. */
  get progress(): { readonly step: number; readonly steps: number } {
    const { scheduler, begin } = this.#options;
    return { step: this.#call - begin, steps: scheduler.timesteps.length - begin };
  }

  /** Latents as they stand; final when `done`. */
  get sample(): Float32Array {
    return this.#sample;
  }

  /** The newest input and guided prediction, for previews. */
  get lastEstimate(): { readonly input: DenoiserInput; readonly prediction: Float32Array } | undefined {
    return this.#lastEstimate;
  }

  input(): DenoiserInput {
    const { scheduler } = this.#options;
    this.#input ??= {
      sample: scheduler.scaleModelInput(this.#sample, this.#call),
      timestep: scheduler.timesteps[this.#call] ?? 0,
      contexts: this.#contexts(),
    };
    return this.#input;
  }

  #contexts(): readonly Float32Array[] {
    const { positive, negative, guidance } = this.#options;
    const conditionings = guidance > 1 ? [negative, positive] : [positive];
    return conditionings.map((conditioning) => stageAt(conditioning, this.#call).context);
  }

  /** @param predictions one for each of the input's contexts, in order. */
  accept(predictions: readonly Float32Array[]): void {
    const input = this.input();
    const prediction = guide(predictions, this.#options.guidance);
    this.#sample = this.#options.scheduler.step(prediction, this.#call, this.#sample, this.#options.drawNoise);
    this.#lastEstimate = { input, prediction };
    this.#input = undefined;
    this.#call += 1;
  }
}

/** Classifier-free guidance (Ho & Salimans 2022): negative + guidance · (positive − negative). */
function guide(predictions: readonly Float32Array[], guidance: number): Float32Array {
  const [first, second] = predictions;
  if (first === undefined) throw new Error('a prediction is needed');
  if (second === undefined) return first;
  return first.map((negative, i) => negative + guidance * ((second[i] ?? 0) - negative));
}
