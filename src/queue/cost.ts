import { type EngineTask, specOf } from '../../engine/index.ts';

/**
 * Work of a task in pixel-steps, what fairness and estimates count:
 * steps × pixels × pictures × (2 with guidance above 1, which runs the network twice a step).
 */
export function costOf(task: EngineTask): number {
  const spec = specOf(task);
  const { width, height } = sizeOf(task);
  const pictures = task.kind === 'generate' ? spec.count : 1;
  return stepsOf(task) * width * height * pictures * (spec.guidance > 1 ? 2 : 1);
}

/** Denoising steps the engine will run; an upscale runs the last part of the schedule only. */
export function stepsOf(task: EngineTask): number {
  const { steps } = specOf(task);
  return task.kind === 'generate' ? steps : Math.max(1, Math.ceil(steps * task.strength));
}

/** Pixels. */
function sizeOf(task: EngineTask): { readonly width: number; readonly height: number } {
  if (task.kind === 'generate') return task.spec;
  const source = sizeOf(task.source);
  return { width: source.width * task.factor, height: source.height * task.factor };
}
