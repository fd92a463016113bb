import type { GenerationSpec } from './generation-spec.ts';
import type { UpscaleSettings } from './upscale-settings.ts';

/** Draws the pictures of a spec. */
export interface GenerateTask {
  readonly kind: 'generate';
  readonly spec: GenerationSpec;
}

/** Enlarges a finished picture and refines it with the last part of the schedule. */
export interface UpscaleTask extends UpscaleSettings {
  readonly kind: 'upscale';
  /** The picture to enlarge: a spec with count 1, or an earlier enlargement. */
  readonly source: PictureRecipe;
}

/** What the engine is asked for. */
export type EngineTask = GenerateTask | UpscaleTask;

/** What makes exactly one picture again: a `GenerateTask` with count 1, or an `UpscaleTask`. */
export type PictureRecipe = EngineTask;
