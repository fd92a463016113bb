import type { SigmaSpacing } from '../sampler-names.ts';
import { betaQuantile } from './beta-quantile.ts';
import type { SchedulerConfig } from './config.ts';
import { interpolate, linspace, type NoiseSchedule } from './noise-schedule.ts';
import { solverTimesteps, spacedTimesteps } from './timesteps.ts';

/** The noise levels of a way, high to low, and the training timestep that goes with each. */
export interface SigmaPath {
  readonly timesteps: readonly number[];
  /** In float32's precision; one more than there are timesteps, the last being where the way ends. */
  readonly sigmas: Float64Array;
}

/** `sigma_min` and `sigma_max` of a config do not reach the Karras spacing of diffusers' LMS and SDE classes. */
export function withoutKarrasBounds(config: SchedulerConfig, spacing: Spacing): SchedulerConfig {
  return spacing === 'karras' ? { ...config, sigma_min: null, sigma_max: null } : config;
}

/** How noise levels are spread: after the timesteps where no spacing is given. */
export type Spacing = SigmaSpacing | undefined;
/** What a class makes of the fractional timestep of a noise level. */
export type Rounding = (timestep: number, spacing: SigmaSpacing) => number;

/** Karras et al. 2022, equation 5. */
const RHO = 7;

/** n noise levels from `first` down to `last`. */
function spreadSigmas(spacing: SigmaSpacing, first: number, last: number, n: number): number[] {
  const ramp = [...linspace(0, 1, n)];
  switch (spacing) {
    case 'karras': {
      const [a, b] = [first ** (1 / RHO), last ** (1 / RHO)];
      return ramp.map((x) => (a + x * (b - a)) ** RHO);
    }
    case 'exponential': {
      const [a, b] = [Math.log(first), Math.log(last)];
      return [...linspace(a, b, n)].map(Math.exp);
    }
    case 'beta':
      return ramp.map((x) => last + betaQuantile(1 - x) * (first - last));
  }
}

/**
 * The way of samplers in σ, between the first and the last of the spaced timesteps' noise levels.
 * diffusers: `set_timesteps` of the Euler, Heun, LMS, KDPM2 and SDE classes.
 */
export function sigmaPath(
  schedule: NoiseSchedule,
  config: SchedulerConfig,
  steps: number,
  spacing: Spacing,
  round: Rounding = (timestep) => timestep,
): SigmaPath {
  const kind = config.timestep_spacing ?? 'linspace';
  const timesteps = spacedTimesteps(kind, steps, config.num_train_timesteps, config.steps_offset);
  const along = timesteps.map((t) => interpolate(schedule.sigmas, t));
  if (spacing === undefined) return path(timesteps, along, 0);
  const sigmas = spreadSigmas(spacing, config.sigma_max ?? along[0] ?? 0, config.sigma_min ?? along.at(-1) ?? 0, steps);
  const at = timestepsOf(schedule);
  return path(
    sigmas.map((sigma) => round(at(sigma), spacing)),
    sigmas,
    0,
  );
}

export interface SolverPathOptions {
  readonly round: Rounding;
  /**
   * Where the way ends: without noise, at the least level that training knew, or, where the levels are spread otherwise,
   * at the last of them.
   */
  readonly end: 'clean' | 'trained' | 'spaced';
  /** Levels of a smaller λ are left out; absent or null leaves out none. */
  readonly lambdaMin?: number | null | undefined;
}

/** The way of solvers in λ, spread over the whole schedule. diffusers: the DPM-Solver, DEIS and UniPC classes. */
export function solverPath(
  schedule: NoiseSchedule,
  config: SchedulerConfig,
  steps: number,
  spacing: Spacing,
  { round, end, lambdaMin }: SolverPathOptions,
): SigmaPath {
  const least = schedule.sigmas[0] ?? 0;
  if (spacing === undefined) {
    const kind = config.timestep_spacing ?? 'linspace';
    const kept = config.num_train_timesteps - countBelow(schedule, lambdaMin);
    const timesteps = solverTimesteps(
      kind,
      steps,
      { trainSteps: config.num_train_timesteps, kept },
      config.steps_offset,
    );
    return path(
      timesteps,
      timesteps.map((t) => interpolate(schedule.sigmas, t)),
      end === 'clean' ? 0 : least,
    );
  }
  const most = schedule.sigmas.at(-1) ?? 0;
  const sigmas = spreadSigmas(spacing, config.sigma_max ?? most, config.sigma_min ?? least, steps);
  const at = timestepsOf(schedule);
  return path(
    sigmas.map((sigma) => round(at(sigma), spacing)),
    sigmas,
    { clean: 0, trained: least, spaced: sigmas.at(-1) ?? least }[end],
  );
}

/** Training timesteps whose λ = −log σ is below a bound. */
function countBelow({ sigmas }: NoiseSchedule, bound: number | null | undefined): number {
  if (bound === null || bound === undefined) return 0;
  return sigmas.filter((sigma) => -Math.log(sigma) < bound).length;
}

function path(timesteps: readonly number[], sigmas: readonly number[], last: number): SigmaPath {
  return { timesteps, sigmas: Float64Array.from([...sigmas, last], Math.fround) };
}

/** The fractional timestep at which training had as much noise, by linear interpolation in log σ. */
export function timestepsOf(schedule: NoiseSchedule): (sigma: number) => number {
  const logs = schedule.sigmas.map((sigma) => Math.fround(Math.log(sigma)));
  return (sigma) => {
    const wanted = Math.log(Math.max(sigma, 1e-10));
    let low = 0;
    let high = logs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((logs[middle] ?? 0) <= wanted) low = middle;
      else high = middle;
    }
    const [a, b] = [logs[low] ?? 0, logs[high] ?? 0];
    const weight = Math.min(Math.max((wanted - a) / (b - a), 0), 1);
    return low + weight * (high - low);
  };
}
