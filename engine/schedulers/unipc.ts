import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine } from './scheduler.ts';
import { type Rounding, type Spacing, solverPath } from './sigma-path.ts';
import { SolverScheduler } from './solver-space.ts';
import { roundHalfEven } from './timesteps.ts';

/**
 * UniPC: Zhao et al. 2023, algorithms 1 and 2, predicting x₀ or, without `predict_x0`, ε. Every call first corrects the step before it with what
 * it has just learned (UniC), then predicts the next (UniP). diffusers `UniPCMultistepScheduler`.
 */
export class UniPcScheduler extends SolverScheduler {
  /** What the last calls predicted (x₀, or ε without `predict_x0`), the newest first. */
  #predictions: readonly Float32Array[] = [];
  /** The last step's start and order, for the corrector. */
  #last: { readonly sample: Float32Array; readonly order: number } | undefined;

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const round: Rounding = (timestep, by) => (by === 'karras' ? roundHalfEven(timestep) : Math.trunc(timestep));
    // ε cannot lead to where no noise is left.
    const end = config.predict_x0 && config.final_sigmas_type === 'zero' ? 'clean' : 'spaced';
    super(config, solverPath(noiseSchedule(config, 'floored'), config, steps, spacing, { round, end }));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    const made = this.config.predict_x0 ? this.estimate(prediction, i, sample) : this.noise(prediction, i, sample);
    const last = this.#last;
    const corrects = last !== undefined && !this.config.disable_corrector.includes(i - 1);
    const corrected = corrects ? this.#correct(i, last.sample, last.order, made) : sample;

    this.#predictions = [made, ...this.#predictions].slice(0, this.config.solver_order);
    const left = this.config.lower_order_final ? this.timesteps.length - i : this.config.solver_order;
    const order = Math.min(this.config.solver_order, this.#predictions.length, left);
    this.#last = { sample: corrected, order };
    return this.#predict(i, corrected, order);
  }

  /** The step from call `i` on. */
  #predict(i: number, sample: Float32Array, order: number): Float32Array {
    const { ratios, keep, phi1, scale, b } = this.#coefficients(i, order);
    const differences = ratios.slice(0, -1);
    // Of the second order the paper and diffusers take 1/2, and not what the equation gives.
    const rhos = order === 2 ? [0.5] : solve(vandermonde(differences), b);
    const weights = differences.map((ratio, k) => (-scale * (rhos[k] ?? 0)) / ratio);
    return this.#assemble(i + 1, sample, keep, phi1, weights, this.#predictions);
  }

  /** The step that led to call `i`, done again with x₀ as found there. */
  #correct(i: number, sample: Float32Array, order: number, found: Float32Array): Float32Array {
    const { ratios, keep, phi1, scale, b } = this.#coefficients(i - 1, order);
    const rhos = order === 1 ? [0.5] : solve(vandermonde(ratios), b);
    const weights = ratios.map((ratio, k) => (-scale * (rhos[k] ?? 0)) / ratio);
    const [newest, ...older] = this.#predictions;
    const predictions = newest === undefined ? [] : [newest, ...older.slice(0, order - 1), found];
    return this.#assemble(i, sample, keep, phi1, weights, predictions);
  }

  /** Of the step from call `i`, in units of its length h in λ. */
  #coefficients(i: number, order: number) {
    const [from, to] = [this.levelAt(i), this.levelAt(i + 1)];
    const h = to.lambda - from.lambda;
    const older = Array.from({ length: order - 1 }, (_, k) => (this.levelAt(i - k - 1).lambda - from.lambda) / h);
    const { predict_x0: predictsOriginal, solver_type: type } = this.config;
    const reach = predictsOriginal ? -h : h;
    const phi1 = Math.expm1(reach);
    const scale = type === 'bh1' ? reach : phi1;
    const keep = predictsOriginal ? to.noise / from.noise : to.signal / from.signal;
    return { ratios: [...older, 1], keep, phi1, scale, b: moments(reach, scale, order) };
  }

  /** keep · sample + s · (−φ₁ m₀ + Σ weights · (mₖ − m₀)), for predictions m₀, m₁, … and s the share of what they predict. */
  #assemble(
    end: number,
    sample: Float32Array,
    keep: number,
    phi1: number,
    weights: readonly number[],
    predictions: readonly Float32Array[],
  ): Float32Array {
    const { signal, noise } = this.levelAt(end);
    const share = this.config.predict_x0 ? signal : noise;
    const first = -phi1 - weights.reduce((sum, weight) => sum + weight, 0);
    return combine(
      [keep, share * first, ...weights.map((weight) => share * weight)],
      [sample, ...predictions.slice(0, weights.length + 1)],
    );
  }
}

/** φ₂(x), 2! φ₃(x), … over B(x): what the weighted differences must add up to. x = −h, or h where ε is predicted. */
function moments(x: number, scale: number, order: number): number[] {
  let phi = Math.expm1(x) / x - 1;
  let factorial = 1;
  return Array.from({ length: order }, (_, k) => {
    const moment = (phi * factorial) / scale;
    factorial *= k + 2;
    phi = phi / x - 1 / factorial;
    return moment;
  });
}

/** Rows of powers 0, 1, … of the ratios. */
function vandermonde(ratios: readonly number[]): number[][] {
  return ratios.map((_, power) => ratios.map((ratio) => ratio ** power));
}

/** Gauss's elimination for a regular matrix of at most 3 × 3; the ratios differ, so no pivot is zero. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let pivot = 0; pivot < n; pivot += 1) {
    for (let i = 0; i < n; i += 1) {
      if (i === pivot) continue;
      const factor = at(i, pivot) / at(pivot, pivot);
      rows[i] = rows[i]?.map((value, j) => value - factor * at(pivot, j)) ?? [];
    }
  }
  return rows.map((_, i) => at(i, n) / at(i, i));
}
