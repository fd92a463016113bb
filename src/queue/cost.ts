import { type EngineTask, enlargementOf, rowsPerPicture, specOf } from '../../engine/index.ts';
import { sizeOf } from '../core/picture-size.ts';

/** Work of a task in pixel-steps, what fairness, limits and estimates count. */
export function costOf(task: EngineTask): number {
  const work = firstSteps(task) * firstPixels(task) + refinedSteps(task) * pixelsOf(task);
  return work * rowsOf(task);
}

/**
 * What one step of a task takes of the engine and its memory, in pixels:
 * pixels × pictures × the rows of each: one a part of the prompt (AND), and one more with guidance above 1.
 */
export function loadOf(task: EngineTask): number {
  return pixelsOf(task) * rowsOf(task);
}

/** Denoising steps the engine will run; an upscale runs the last part of the schedule only. */
export function stepsOf(task: EngineTask): number {
  return firstSteps(task) + refinedSteps(task);
}

export function picturesOf(task: EngineTask): number {
  return task.kind === 'generate' ? task.spec.count : 1;
}

/** Of one picture as it will be. */
export function pixelsOf(task: EngineTask): number {
  const { width, height } = sizeOf(task);
  return width * height;
}

function rowsOf(task: EngineTask): number {
  return picturesOf(task) * rowsPerPicture(specOf(task));
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
  const enlargement = enlargementOf(task);
  return enlargement === undefined ? 0 : Math.max(1, Math.ceil(specOf(task).steps * enlargement.strength));
}
