import {
  type EngineDescription,
  type EngineTask,
  estimateText,
  specOf,
  upscaleOf,
  workShare,
} from '../../engine/index.ts';
import { sizeOf } from '../core/picture-size.ts';

/**
 * What long prompts take beside the picture, in pixels of one step by one row: CLIP to encode a chunk, and the UNet to
 * attend to one more chunk, of its own and for each pixel. Of a v1 by its multiplications, 5,000, 1,150 and 0.5 %; of
 * the embedded model by its time, 3,000, and 1,100 to 2,400 at 128×128.
 */
const ENCODING_PIXELS = 4000;
const CHUNK_PIXELS = 1200;
const CHUNK_SHARE = 0.005;

/** How heavy each kind of work is, as a multiple of the default model's steps. */
export interface ModelWork {
  /** Of a model's steps, by its id. */
  of(model: string): number;
  /** Of an upscaler model, for each pixel that it enlarges. */
  readonly upscaler: number;
}

/** Time of Real-ESRGAN's largest network for each pixel on a CPU, as a multiple of a row of Stable Diffusion 1's UNet. */
const UPSCALER_WORK = 20;

/** All models are alike. */
const EQUAL_WORK: ModelWork = { of: () => 1, upscaler: UPSCALER_WORK };

/** By what the engine knows of the models' networks: their multiply-adds for each pixel. */
export function modelWorkOf({ models, defaultModel }: EngineDescription): ModelWork {
  const work = new Map(models.map((model) => [model.id, model.work]));
  const usual = work.get(defaultModel) ?? 1;
  return { of: (model) => (work.get(model) ?? usual) / usual, upscaler: UPSCALER_WORK / usual };
}

/**
 * Work of a task in pixel-steps of the default model, what fairness, limits and estimates count; of `balanced` and `fast` pictures what is left
 * of it. A prompt of one chunk that stays as it is costs nothing by itself.
 */
export function costOf(task: EngineTask, modelWork: ModelWork = EQUAL_WORK): number {
  const work = firstSteps(task) * stepOf(task, firstPixels(task)) + refinedSteps(task) * stepOf(task, pixelsOf(task));
  const spec = specOf(task);
  const own = work * workShare(spec, estimateText(spec).attended.length) + encodingsOf(task) * ENCODING_PIXELS;
  const enlarged = upscaleOf(task)?.upscaler === undefined ? 0 : picturesOf(task) * firstPixels(task);
  return own * modelWork.of(spec.model) + enlarged * modelWork.upscaler;
}

/**
 * What one step of a task takes of the engine and its memory, in pixels:
 * pixels × pictures × the rows of each: one a part of the prompt (AND), and one more with guidance above 1; more for long
 * prompts.
 */
export function loadOf(task: EngineTask): number {
  return stepOf(task, pixelsOf(task));
}

/** Denoising steps the engine will run; an upscale runs the last part of the schedule only. */
export function stepsOf(task: EngineTask): number {
  return firstSteps(task) + refinedSteps(task);
}

/** How many pictures the task makes. */
export function picturesOf(task: EngineTask): number {
  return task.kind === 'generate' ? task.spec.count : 1;
}

/** Of one picture as it will be. */
export function pixelsOf(task: EngineTask): number {
  const { width, height } = sizeOf(task);
  return width * height;
}

/** @param pixels of each picture */
function stepOf(task: EngineTask, pixels: number): number {
  const rows = estimateText(specOf(task)).attended.map(
    (chunks) => pixels + (chunks - 1) * (CHUNK_PIXELS + pixels * CHUNK_SHARE),
  );
  return picturesOf(task) * rows.reduce((sum, row) => sum + row, 0);
}

/** Chunks that CLIP encodes beyond one of each prompt. */
function encodingsOf(task: EngineTask): number {
  const { encodings, attended } = estimateText(specOf(task));
  const isDrawn = task.kind === 'generate' || task.strength > 0;
  return isDrawn ? Math.max(0, encodings - attended.length) : 0;
}

/** An upscale begins with a picture that is there. */
function firstSteps(task: EngineTask): number {
  return task.kind === 'generate' ? task.spec.steps : 0;
}

function firstPixels(task: EngineTask): number {
  const { width, height } = specOf(task);
  return width * height;
}

function refinedSteps(task: EngineTask): number {
  const upscale = upscaleOf(task);
  return upscale === undefined ? 0 : Math.max(1, Math.ceil(specOf(task).steps * upscale.strength));
}
