import { linspace } from './noise-schedule.ts';

/** The three ways to spread inference steps over training timesteps: Lin et al. 2023, table 2. */
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';

/** Timesteps from high to low, as samplers in ᾱ and in σ space them; `linspace` is not rounded. */
export function spacedTimesteps(spacing: TimestepSpacing, steps: number, trainSteps: number, offset: number): number[] {
  switch (spacing) {
    case 'linspace':
      return [...linspace(0, trainSteps - 1, steps)].reverse();
    case 'leading': {
      const ratio = Math.floor(trainSteps / steps);
      return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + offset);
    }
    case 'trailing':
      return trailing(steps, trainSteps);
  }
}

/**
 * Solvers in λ count one interval more than they take steps, so that the last step is not wasted at t = 0.
 * @param kept of the training timesteps, from 0 on: the others are too noisy for the solver
 */
export function solverTimesteps(
  spacing: TimestepSpacing,
  steps: number,
  { trainSteps, kept }: { readonly trainSteps: number; readonly kept: number },
  offset: number,
): number[] {
  switch (spacing) {
    case 'linspace':
      return [...linspace(0, kept - 1, steps + 1)].map(roundHalfEven).reverse().slice(0, -1);
    case 'leading': {
      const ratio = Math.floor(kept / (steps + 1));
      return Array.from({ length: steps }, (_, i) => (steps - i) * ratio + offset);
    }
    case 'trailing':
      return trailing(steps, trainSteps, kept);
  }
}

/** diffusers' `arange` gives one timestep too many, −1, where the ratio rounds low (61, 103, 121, 122 of 1000). */
function trailing(steps: number, trainSteps: number, kept = trainSteps): number[] {
  const ratio = trainSteps / steps;
  const length = kept === trainSteps ? steps : Math.ceil(kept / ratio);
  return Array.from({ length }, (_, i) => roundHalfEven(kept - i * ratio) - 1);
}

/** NumPy's rounding. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest < 0.5) return low;
  if (rest > 0.5) return low + 1;
  return low % 2 === 0 ? low : low + 1;
}
