import type { GenerationSpec, Speed } from '../types.ts';

/** How a picture is drawn with less work than its steps would take. */
export interface SpeedPlan {
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

export const EXACT: SpeedPlan = { wholeEvery: 1, guidedShare: 1, keyStride: 1 };

export const SPEED_PLANS: Readonly<Record<Speed, SpeedPlan>> = {
  exact: EXACT,
  balanced: { wholeEvery: 2, guidedShare: 0.8, keyStride: 2 },
  fast: { wholeEvery: 3, guidedShare: 0.6, keyStride: 2 },
};

/** Work of a call that computes the outermost layers alone, as a share of a whole call's; of a v1 model on a CPU. */
const SHALLOW_SHARE = 0.14;

/**
 * Work of a picture's steps as a share of what `exact` takes.
 * @param rows of each UNet call: one for each part of the prompt, and one for the negative prompt
 */
export function workShare({ speed = 'exact' }: GenerationSpec, rows: number): number {
  const { wholeEvery, guidedShare } = SPEED_PLANS[speed];
  // With several parts the negative prompt is needed in any case.
  const unguidedRows = rows === 2 ? 1 : rows;
  const rowShare = guidedShare + (1 - guidedShare) * (unguidedRows / rows);
  return rowShare * ((1 + (wholeEvery - 1) * SHALLOW_SHARE) / wholeEvery);
}
