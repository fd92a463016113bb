import type { GenerationSpec, Speed } from '../generation-spec.ts';

/** How a picture is drawn with less work than its steps would take. */
export interface SpeedPlan {
  /** Share of the schedule, from its beginning, that is drawn exactly: it decides what is where in the picture. */
  readonly exactShare: number;
  /**
   * The UNet is called whole in every n-th call; those between compute its outermost layers alone and take what lies
   * between them from the call before (Ma et al. 2023, "DeepCache"). 1: every call is whole.
   */
  readonly wholeEvery: number;
  /**
   * Share of the schedule, from its beginning, that is under guidance: at low noise it changes little (Kynkäänniemi et
   * al. 2024). 1: all of it.
   */
  readonly guidedShare: number;
  /** See `TransformerOptions`. 1: self-attention sees every pixel. */
  readonly keyStride: number;
}

/** Nothing is left out. */
export const EXACT: SpeedPlan = { exactShare: 0, wholeEvery: 1, guidedShare: 1, keyStride: 1 };

/** Held by likeness to exact pictures: see docs/benchmarks.md. */
export const SPEED_PLANS: Readonly<Record<Speed, SpeedPlan>> = {
  exact: EXACT,
  balanced: { exactShare: 0.2, wholeEvery: 3, guidedShare: 0.85, keyStride: 1 },
  fast: { exactShare: 0.3, wholeEvery: 5, guidedShare: 0.7, keyStride: 2 },
};

/** Work of a call that computes the outermost layers alone, as a share of a whole call's; of a v1 model on a CPU. */
const SHALLOW_SHARE = 0.14;

/**
 * Work of a picture's steps as a share of what `exact` takes.
 * @param rows of each UNet call: one for each part of the prompt, and one for the negative prompt
 */
export function workShare({ speed = 'exact' }: Pick<GenerationSpec, 'speed'>, rows: number): number {
  const { exactShare, wholeEvery, guidedShare } = SPEED_PLANS[speed];
  // With several parts the negative prompt is needed in any case.
  const unguidedRows = rows === 2 ? 1 : rows;
  const rowShare = guidedShare + (1 - guidedShare) * (unguidedRows / rows);
  const callShare = exactShare + (1 - exactShare) * ((1 + (wholeEvery - 1) * SHALLOW_SHARE) / wholeEvery);
  return rowShare * callShare;
}
