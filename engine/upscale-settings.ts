/** How latents are enlarged; torch's `interpolate` modes. */
export const RESAMPLE_MODES = ['bilinear', 'nearest', 'bicubic'] as const;
export type ResampleMode = (typeof RESAMPLE_MODES)[number];

/**
 * How a picture is enlarged: its latents, by interpolation, or (`lanczos`) its pixels, by the filter that keeps edges
 * sharp. With strength 0 the latter is plain enlargement, without any denoising.
 */
export const UPSCALE_MODES = [...RESAMPLE_MODES, 'lanczos'] as const;
export type UpscaleMode = (typeof UPSCALE_MODES)[number];

/** How a picture becomes larger. */
export interface UpscaleSettings {
  /** Side ratio, e.g. 2. The new sides are rounded to a multiple of 8. */
  readonly factor: number;
  /** Share of the schedule that is run again on what was enlarged, 0–1; 0 leaves it as it is. */
  readonly strength: number;
  /** @default 'bilinear' */
  readonly mode?: UpscaleMode;
  /** The model that enlarges the pixels, of `EngineDescription.upscalers`; the mode is `lanczos` then. */
  readonly upscaler?: string;
}
