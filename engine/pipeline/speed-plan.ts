import type { Speed } from '../types.ts';

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
