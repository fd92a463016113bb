import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine, type NoiseSource } from './scheduler.ts';
import { type Rounding, type Spacing, solverPath } from './sigma-path.ts';
import { SHORT_WAY, type SolverLevel, SolverScheduler } from './solver-space.ts';
import { roundHalfEven } from './timesteps.ts';

/**
 * DPM-Solver++ multistep: Lu et al. 2022 (DPM-Solver++), algorithm 2, of order 1 to 3 (`solver_order`).
 * diffusers `DPMSolverMultistepScheduler`. As an equation with noise it is "DPM++ 2M SDE", `sde-dpmsolver++` there, with the
 * noise of the picture's own stream. Both exist in their older form, which predicts ε instead of x₀ (`dpmsolver` and
 * `sde-dpmsolver`; Lu et al. 2022, DPM-Solver).
 */
export class DpmSolverMultistepScheduler extends SolverScheduler {
  readonly #stochastic: boolean;
  readonly #predictsNoise: boolean;
  readonly #order: number;
  /** What the last calls predicted (x₀ or ε), the newest first. */
  #predictions: readonly Float32Array[] = [];

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing, { stochastic }: { stochastic: boolean }) {
    const predictsNoise = config.algorithm_type === (stochastic ? 'sde-dpmsolver' : 'dpmsolver');
    super(config, dpmPath(config, steps, spacing, predictsNoise));
    this.#stochastic = stochastic;
    this.#predictsNoise = predictsNoise;
    // diffusers has no third order of the older stochastic form.
    this.#order = stochastic && predictsNoise ? Math.min(config.solver_order, 2) : config.solver_order;
  }

  step(prediction: Float32Array, i: number, sample: Float32Array, noise: NoiseSource): Float32Array {
    const [from, to] = [this.levelAt(i), this.levelAt(i + 1)];
    const made = this.#predictsNoise ? this.noise(prediction, i, sample) : this.estimate(prediction, i, sample);
    this.#predictions = [made, ...this.#predictions].slice(0, this.#order);

    const h = to.lambda - from.lambda;
    const { keep, reach, scale, deviation } = this.#integral(from, to, h);
    const weights = this.#weights(i, h, reach).map((weight) => scale * weight);
    const moved = combine([keep, ...weights], [sample, ...this.#predictions]);
    return this.#stochastic ? combine([1, deviation], [moved, noise.draw()]) : moved;
  }

  /**
   * The exact solution over a step of length h in λ, with the prediction constant: keep · sample + scale · φ₁(reach) ·
   * prediction, and noise of that deviation. A stochastic equation goes twice as far, and noise makes up for the second half.
   */
  #integral(from: SolverLevel, to: SolverLevel, h: number) {
    const keepSignal = to.signal / from.signal;
    const keepNoise = to.noise / from.noise;
    if (this.#predictsNoise) {
      const scale = this.#stochastic ? 2 * to.noise : to.noise;
      return { keep: keepSignal, reach: -h, scale, deviation: to.noise * Math.sqrt(Math.expm1(2 * h)) };
    }
    if (!this.#stochastic) return { keep: keepNoise, reach: h, scale: to.signal, deviation: 0 };
    const deviation = to.noise * Math.sqrt(-Math.expm1(-2 * h));
    return { keep: keepNoise * Math.exp(-h), reach: 2 * h, scale: to.signal, deviation };
  }

  /**
   * ∫ of e^λ over the polynomial through the last predictions, as weights of them.
   * The differences are D₁ = (m₀ − m₁)/r₀ and, for order 3, the second one.
   */
  #weights(i: number, h: number, reach: number): number[] {
    const phi1 = -Math.expm1(-reach);
    const order = this.#orderAt(i);
    // A step of no length, where the way ends at the level that it has reached.
    if (order === 1 || h === 0) return [phi1];
    const lambda = (k: number) => this.levelAt(k).lambda;
    const r0 = (lambda(i) - lambda(i - 1)) / h;
    const phi2 = 1 - phi1 / reach;
    if (order === 2) {
      const slope = this.config.solver_type === 'heun' ? phi2 : phi1 / 2;
      return [phi1 + slope / r0, -slope / r0];
    }
    const r1 = (lambda(i - 1) - lambda(i - 2)) / h;
    // The equation gives +1/2, as without noise; diffusers has −1/2 in the stochastic form, and so its pictures.
    const phi3 = (this.#stochastic ? -0.5 : 0.5) - phi2 / reach;
    // D₁ = (1 + q) d₀ − q d₁ and D₂ = (d₀ − d₁)/(r₀ + r₁), of d₀ = (m₀ − m₁)/r₀ and d₁ = (m₁ − m₂)/r₁.
    const q = r0 / (r0 + r1);
    const d0 = phi2 * (1 + q) + phi3 / (r0 + r1);
    const d1 = -phi2 * q - phi3 / (r0 + r1);
    return [phi1 + d0 / r0, -d0 / r0 + d1 / r1, -d1 / r1];
  }

  #orderAt(i: number): number {
    const { config, timesteps } = this;
    const left = timesteps.length - i;
    const lowers = config.lower_order_final && timesteps.length < SHORT_WAY;
    const order = Math.min(this.#order, this.#predictions.length);
    const endsClean = this.levelAt(timesteps.length).noise === 0;
    if (left === 1 && (endsClean || lowers || config.euler_at_final === true)) return 1;
    return left === 2 && lowers ? Math.min(order, 2) : order;
  }
}

function dpmPath(config: SchedulerConfig, steps: number, spacing: Spacing, predictsNoise: boolean) {
  const isCosine = config.beta_schedule === 'squaredcos_cap_v2';
  const round: Rounding = (timestep, by) => {
    const isRounded = by === 'karras' || (by === 'exponential' && config.use_lu_lambdas === true);
    return isRounded && !isCosine ? roundHalfEven(timestep) : Math.trunc(timestep);
  };
  // ε cannot lead to where no noise is left: the older forms end at the least level that training knew.
  const end = predictsNoise || config.final_sigmas_type === 'sigma_min' ? 'trained' : 'clean';
  const options = { round, end, lambdaMin: config.lambda_min_clipped } as const;
  return solverPath(noiseSchedule(config, 'floored'), config, steps, spacing, options);
}
