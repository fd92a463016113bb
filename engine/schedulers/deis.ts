import type { SchedulerConfig } from './config.ts';
import { noiseSchedule } from './noise-schedule.ts';
import { combine } from './scheduler.ts';
import { type Rounding, type Spacing, solverPath } from './sigma-path.ts';
import { SHORT_WAY, SolverScheduler } from './solver-space.ts';
import { roundHalfEven } from './timesteps.ts';

/**
 * DEIS, multistep in log ρ: Zhang & Chen 2022 (Fast Sampling of Diffusion Models with Exponential Integrator), equation 15.
 * Per unit of signal the equation is dx/dρ = ε with ρ = σ; ε is the polynomial in log ρ through the last predictions.
 * diffusers `DEISMultistepScheduler`.
 */
export class DeisScheduler extends SolverScheduler {
  /** ε of the last calls, the newest first. */
  #noises: readonly Float32Array[] = [];

  constructor(config: SchedulerConfig, steps: number, spacing: Spacing) {
    const round: Rounding = (timestep, by) => (by === 'karras' ? roundHalfEven(timestep) : Math.trunc(timestep));
    // It never ends without noise, where log ρ would be no number.
    super(config, solverPath(noiseSchedule(config), config, steps, spacing, { round, end: 'spaced' }));
  }

  step(prediction: Float32Array, i: number, sample: Float32Array): Float32Array {
    this.#noises = [this.noise(prediction, i, sample), ...this.#noises].slice(0, this.config.solver_order);
    const order = this.#orderAt(i);
    const [from, to] = [this.levelAt(i), this.levelAt(i + 1)];
    const nodes = Array.from({ length: order }, (_, back) => -this.levelAt(i - back).lambda);
    const weights = nodes.map((_, back) => to.signal * integral(nodes, back, -from.lambda, -to.lambda));
    return combine([to.signal / from.signal, ...weights], [sample, ...this.#noises.slice(0, order)]);
  }

  #orderAt(i: number): number {
    const left = this.timesteps.length - i;
    const lowers = this.config.lower_order_final && this.timesteps.length < SHORT_WAY;
    const order = Math.min(this.config.solver_order, this.#noises.length);
    return lowers ? Math.min(order, left) : order;
  }
}

/** ∫ dρ of the Lagrange polynomial in u = log ρ that is 1 at node k and 0 at the others, from u = a to u = b. */
function integral(nodes: readonly number[], k: number, a: number, b: number): number {
  const own = nodes[k] ?? 0;
  let polynomial: readonly number[] = [1];
  for (const [j, other] of nodes.entries()) if (j !== k) polynomial = timesLinear(polynomial, other, own - other);
  return primitive(polynomial, b) - primitive(polynomial, a);
}

/** The polynomial, its coefficients from the constant on, times (u − root)/divisor. */
function timesLinear(polynomial: readonly number[], root: number, divisor: number): number[] {
  return Array.from({ length: polynomial.length + 1 }, (_, power) => {
    const shifted = polynomial[power - 1] ?? 0;
    return (shifted - root * (polynomial[power] ?? 0)) / divisor;
  });
}

/** Of p(u) eᵘ du, since dρ = eᵘ du: ∫ uⁿ eᵘ du = uⁿ eᵘ − n ∫ uⁿ⁻¹ eᵘ du. */
function primitive(polynomial: readonly number[], u: number): number {
  let ofPower = 1;
  let sum = polynomial[0] ?? 0;
  for (let power = 1; power < polynomial.length; power += 1) {
    ofPower = u ** power - power * ofPower;
    sum += (polynomial[power] ?? 0) * ofPower;
  }
  return sum * Math.exp(u);
}
