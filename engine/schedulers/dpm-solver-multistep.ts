import type { SchedulerConfig } from '../model/configs.ts';
import { interpolate, linspace, type NoiseSchedule, noiseSchedule } from './noise-schedule.ts';
import { combine, type PredictionType, type Scheduler } from './scheduler.ts';
import { roundHalfEven, solverTimesteps } from './timesteps.ts';

/** Paths shorter than this end in a first-order step even where the last σ is not zero. */
const SHORT_PATH = 15;
/** Karras et al. 2022, equation 5. */
const RHO = 7;

/** DPM-Solver++(2M): Lu et al. 2022, algorithm 2, midpoint form. diffusers `DPMSolverMultistepScheduler`. */
export class DpmSolverMultistepScheduler implements Scheduler {
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #sigmas: Float64Array;
  readonly #prediction: PredictionType;
  readonly #endsAtZero: boolean;
  /** x₀ of the call before. */
  #lastOriginal: Float32Array | undefined;

  constructor(config: SchedulerConfig, steps: number, { karras }: { readonly karras: boolean }) {
    const schedule = noiseSchedule(config);
    this.#prediction = config.prediction_type;
    this.#endsAtZero = config.final_sigmas_type === 'zero';
    const path = karras
      ? karrasPath(schedule, steps, config.beta_schedule === 'squaredcos_cap_v2')
      : timestepPath(schedule, config, steps);
    this.timesteps = path.timesteps;
    const last = this.#endsAtZero ? 0 : (schedule.sigmas[0] ?? 0);
    this.#sigmas = Float64Array.from([...path.sigmas, last], Math.fround);
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const from = variancePreserving(this.#sigmas[i] ?? 0);
    const to = variancePreserving(this.#sigmas[i + 1] ?? 0);
    const original = this.#original(prediction, sample, from);
    const previous = this.#lastOriginal;
    this.#lastOriginal = original;

    const h = to.lambda - from.lambda;
    const shrink = to.alpha * -Math.expm1(-h);
    const keep = to.sigma / from.sigma;
    if (previous === undefined || this.#isFirstOrder(i)) return combine([keep, shrink], [sample, original]);
    const before = variancePreserving(this.#sigmas[i - 1] ?? 0);
    const r = (from.lambda - before.lambda) / h;
    return combine([keep, shrink * (1 + 0.5 / r), (-0.5 * shrink) / r], [sample, original, previous]);
  }

  addNoise(latents: Float32Array, noise: Float32Array, i: number): Float32Array {
    const { alpha, sigma } = variancePreserving(this.#sigmas[i] ?? 0);
    return combine([alpha, sigma], [latents, noise]);
  }

  #isFirstOrder(i: number): boolean {
    const isLast = i === this.timesteps.length - 1;
    return isLast && (this.#endsAtZero || this.timesteps.length < SHORT_PATH);
  }

  #original(prediction: Float32Array, sample: Float32Array, { alpha, sigma }: NoiseLevel): Float32Array {
    const weights = this.#prediction === 'epsilon' ? [1 / alpha, -sigma / alpha] : [alpha, -sigma];
    return combine(weights, [sample, prediction]);
  }
}

interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
  /** Half the log signal-to-noise ratio; infinite where the picture is clean. */
  readonly lambda: number;
}

function variancePreserving(ratio: number): NoiseLevel {
  const alpha = 1 / Math.sqrt(ratio * ratio + 1);
  return { alpha, sigma: ratio * alpha, lambda: -Math.log(ratio) };
}

interface Path {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

function timestepPath(schedule: NoiseSchedule, config: SchedulerConfig, steps: number): Path {
  const spacing = config.timestep_spacing ?? 'linspace';
  const timesteps = solverTimesteps(spacing, steps, config.num_train_timesteps, config.steps_offset);
  return { timesteps, sigmas: timesteps.map((t) => interpolate(schedule.sigmas, t)) };
}

/** σ evenly spaced in σ^(1/ρ), each at the timestep where training had as much noise. */
function karrasPath(schedule: NoiseSchedule, steps: number, cosine: boolean): Path {
  const root = (sigma: number | undefined) => (sigma ?? 0) ** (1 / RHO);
  const first = root(schedule.sigmas.at(-1));
  const last = root(schedule.sigmas[0]);
  const sigmas = [...linspace(0, 1, steps)].map((ramp) => (first + ramp * (last - first)) ** RHO);
  const logs = schedule.sigmas.map((sigma) => Math.fround(Math.log(sigma)));
  // diffusers truncates where the schedule is the cosine one, and rounds elsewhere.
  const toInteger = cosine ? Math.trunc : roundHalfEven;
  return { timesteps: sigmas.map((sigma) => toInteger(timestepOf(Math.log(sigma), logs))), sigmas };
}

/** Fractional index of a log σ in the ascending table, held at its ends. */
function timestepOf(logSigma: number, logs: Float64Array): number {
  let low = 0;
  let high = logs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((logs[middle] ?? 0) <= logSigma) low = middle;
    else high = middle;
  }
  const a = logs[low] ?? 0;
  const b = logs[high] ?? 0;
  const weight = Math.min(Math.max((logSigma - a) / (b - a), 0), 1);
  return low + weight * (high - low);
}
