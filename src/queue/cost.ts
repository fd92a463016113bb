import { type EngineTask, specOf } from '../../engine/index.ts';

/** Work of a task in pixel-steps, what fairness, limits and estimates count. */
export function costOf(task: EngineTask): number {
  return stepsOf(task) * loadOf(task);
}

/**
 * What one step of a task takes of the engine and its memory, in pixels:
 * pixels × pictures × (2 with guidance above 1, which runs the network twice a step).
 */
export function loadOf(task: EngineTask): number {
  return pixelsOf(task) * picturesOf(task) * (specOf(task).guidance > 1 ? 2 : 1);
}

/** Denoising steps the engine will run; an upscale runs the last part of the schedule only. */
export function stepsOf(task: EngineTask): number {
  const { steps } = specOf(task);
  return task.kind === 'generate' ? steps : Math.max(1, Math.ceil(steps * task.strength));
}

export function picturesOf(task: EngineTask): number {
  return task.kind === 'generate' ? task.spec.count : 1;
}

/** Of one picture as it will be. */
export function pixelsOf(task: EngineTask): number {
  const { width, height } = sizeOf(task);
  return width * height;
}

function sizeOf(task: EngineTask): { readonly width: number; readonly height: number } {
  if (task.kind === 'generate') return task.spec;
  const source = sizeOf(task.source);
  return { width: source.width * task.factor, height: source.height * task.factor };
}
