import type { SchedulerConfig } from '../model/configs.ts';
import type { SigmaSpacing } from '../types.ts';
import { betaQuantile } from './beta-quantile.ts';
import { interpolate, linspace, type NoiseSchedule } from './noise-schedule.ts';
import { solverTimesteps, spacedTimesteps } from './timesteps.ts';

/** The noise levels of a way, high to low, and the training timestep that goes with each. */
export interface SigmaPath {
  readonly timesteps: readonly number[];
  /** In float32's precision; one more than there are timesteps, the last being where the way ends. */
  readonly sigmas: Float64Array;
}

/** How noise levels are spread: after the timesteps where no spacing is given. */
export type Spacing = SigmaSpacing | undefined;
/** What a class makes of the fractional timestep of a noise level. */
export type Rounding = (timestep: number, spacing: SigmaSpacing) => number;

/** Karras et al. 2022, equation 5. */
const RHO = 7;

/** n noise levels from `first` down to `last`. */
export function spreadSigmas(spacing: SigmaSpacing, first: number, last: number, n: number): number[] {
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
  const sigmas = spreadSigmas(spacing, along[0] ?? 0, along.at(-1) ?? 0, steps);
  const at = timestepsOf(schedule);
  return path(
    sigmas.map((sigma) => round(at(sigma), spacing)),
    sigmas,
    0,
  );
}

/** The way of solvers in λ, spread over the whole schedule. diffusers: the DPM-Solver and UniPC classes. */
export function solverPath(
  schedule: NoiseSchedule,
  config: SchedulerConfig,
  steps: number,
  spacing: Spacing,
  round: Rounding,
): SigmaPath {
  const last = config.final_sigmas_type === 'zero' ? 0 : (schedule.sigmas[0] ?? 0);
  if (spacing === undefined) {
    const kind = config.timestep_spacing ?? 'linspace';
    const timesteps = solverTimesteps(kind, steps, config.num_train_timesteps, config.steps_offset);
    return path(
      timesteps,
      timesteps.map((t) => interpolate(schedule.sigmas, t)),
      last,
    );
  }
  const sigmas = spreadSigmas(spacing, schedule.sigmas.at(-1) ?? 0, schedule.sigmas[0] ?? 0, steps);
  const at = timestepsOf(schedule);
  return path(
    sigmas.map((sigma) => round(at(sigma), spacing)),
    sigmas,
    last,
  );
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
