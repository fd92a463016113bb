import type { EngineDescription, GenerationSpec } from '../../engine/index.ts';
import { loadOf } from './cost.ts';

/** What may be in the engine at the same time. */
export interface Capacity {
  /** Jobs. */
  readonly slots: number;
  /** Of all jobs together, in `loadOf`'s pixels; a job that is larger than this runs alone. Absent: any load. */
  readonly maxLoad?: number;
  /** Jobs of one person while others wait; who is alone may have all slots. Absent: turns alone decide. */
  readonly maxRunningPerUser?: number;
}

export interface CapacityOptions {
  /** The provider's own number of slots when absent. */
  readonly concurrency?: number;
  readonly maxRunningPerUser?: number;
  /** Pictures of a request that names no count. */
  readonly count: number;
}

/**
 * As many requests as there are slots, when they are of the usual size: as many pictures as a request has by itself, at
 * the default model's own size, with guidance. A request twice as large takes the room of two.
 */
export function chooseCapacity(options: CapacityOptions, description: EngineDescription): Capacity {
  const { maxRunningPerUser, count } = options;
  const slots = options.concurrency ?? description.slots;
  const usual = usualSpec(description);
  const load = loadOf({ kind: 'generate', spec: { ...usual, count, guidance: Math.max(usual.guidance, 2) } });
  return { slots, maxLoad: slots * load, ...(maxRunningPerUser !== undefined && { maxRunningPerUser }) };
}

/** One picture as the default model draws it when nothing is asked of it. */
export function usualSpec({ models, defaultModel }: EngineDescription): GenerationSpec {
  const model = models.find(({ id }) => id === defaultModel);
  if (model === undefined) throw new RangeError(`the default model ${defaultModel} is not among the models`);
  const { id, width, height, steps, guidance, sampler } = model;
  const settings = { width, height, steps, guidance, sampler, model: id };
  return { ...settings, prompt: '', negative: '', seed: 0, count: 1, variations: [] };
}
