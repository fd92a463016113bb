import type { SchedulerConfig } from '../model/configs.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine, type NoiseSource } from './scheduler.ts';
import { type Spacing, solverPath } from './sigma-path.ts';
import { SHORT_WAY, SolverScheduler } from './solver-space.ts';
import { roundHalfEven } from './timesteps.ts';

/**
 * DPM-Solver++ multistep: Lu et al. 2022, algorithm 2; with `solver_order` 3, its third-order companion.
 * diffusers `DPMSolverMultistepScheduler`. As an equation with noise it is "DPM++ 2M SDE", `sde-dpmsolver++` there,
 * always of the second order and with the noise of the picture's own stream.
 */
export class DpmSolverMultistepScheduler extends SolverScheduler {
  readonly #stochastic: boolean;
  readonly #order: number;
  /** x₀ of the last calls, the newest first. */
  #originals: readonly Float32Array[] = [];

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing, { stochastic }: { stochastic: boolean }) {
    const isCosine = config.beta_schedule === 'squaredcos_cap_v2';
    const path = solverPath(noiseSchedule(config, 'floored'), config, steps, spacing, (timestep, by) =>
      by === 'karras' && !isCosine ? roundHalfEven(timestep) : Math.trunc(timestep),
    );
    super(config, path);
    this.#stochastic = stochastic;
    this.#order = stochastic ? 2 : config.solver_order;
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const [from, to] = [this.levelAt(i), this.levelAt(i + 1)];
    const original = this.estimate(prediction, i, sample);
    this.#originals = [original, ...this.#originals].slice(0, this.#order);

    const h = to.lambda - from.lambda;
    // The stochastic equation goes twice as far, and noise makes up for the second half.
    const reach = this.#stochastic ? 2 * h : h;
    const keep = (to.noise / from.noise) * (this.#stochastic ? Math.exp(-h) : 1);
    const weights = this.#originalWeights(i, h, reach).map((weight) => to.signal * weight);
    const moved = combine([keep, ...weights], [sample, ...this.#originals]);
    if (!this.#stochastic) return moved;
    return combine([1, to.noise * Math.sqrt(-Math.expm1(-2 * h))], [moved, noise.draw()]);
  }

  /**
   * ∫ of e^λ over the polynomial through the last x₀, as weights of them, per unit of signal.
   * The differences are D₁ = (x₀ − x₀′)/r₀ and, for order 3, the second one.
   */
  #originalWeights(i: number, h: number, reach: number): number[] {
    const phi1 = -Math.expm1(-reach);
    const order = this.#orderAt(i);
    if (order === 1) return [phi1];
    const lambda = (k: number) => this.levelAt(k).lambda;
    const r0 = (lambda(i) - lambda(i - 1)) / h;
    const phi2 = 1 - phi1 / reach;
    if (order === 2) {
      const slope = this.config.solver_type === 'heun' ? phi2 : phi1 / 2;
      return [phi1 + slope / r0, -slope / r0];
    }
    const r1 = (lambda(i - 1) - lambda(i - 2)) / h;
    const phi3 = 0.5 - phi2 / reach;
    // D₁ = (1 + q) d₀ − q d₁ and D₂ = (d₀ − d₁)/(r₀ + r₁), of d₀ = (m₀ − m₁)/r₀ and d₁ = (m₁ − m₂)/r₁.
    const q = r0 / (r0 + r1);
    const d0 = phi2 * (1 + q) + phi3 / (r0 + r1);
    const d1 = -phi2 * q - phi3 / (r0 + r1);
    return [phi1 + d0 / r0, -d0 / r0 + d1 / r1, -d1 / r1];
  }

  #orderAt(i: number): number {
    const left = this.timesteps.length - i;
    const isShort = this.timesteps.length < SHORT_WAY;
    const order = Math.min(this.#order, this.#originals.length);
    if (left === 1 && (this.config.final_sigmas_type === 'zero' || isShort || this.config.euler_at_final === true)) {
      return 1;
    }
    return left === 2 && isShort ? Math.min(order, 2) : order;
  }
}
