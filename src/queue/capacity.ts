import type { EngineDescription, GenerationSpec } from '../../engine/index.ts';
import { loadOf } from './cost.ts';

/** What may be in the engine at the same time. */
export interface Capacity {
  /** Devices, each of which takes `slots` jobs and `maxLoad` of load. @default 1 */
  readonly devices?: number;
  /** Jobs. */
  readonly slots: number;
  /** Of all jobs together, in `loadOf`'s pixels; a job that is larger than this runs alone. Absent: any load. */
  readonly maxLoad?: number;
  /** Jobs of one person while others wait; who is alone may have all slots. Absent: turns alone decide. */
  readonly maxRunningPerUser?: number;
}

/** What the operator has said about jobs that run at once. */
export interface CapacityOptions {
  /** What suits the provider and the default model when absent. */
  readonly concurrency?: number;
  /** Memory is scarce, or one network at a time is in it: tasks side by side would only take turns in reading them. */
  readonly lowMemory?: boolean;
  readonly maxRunningPerUser?: number;
  /** Pictures of a request that names no count. */
  readonly count: number;
}

/**
 * Where a provider does one task at a time, small pictures still gain from one call for several: a fifth of the
 * processor's time, as `docs/benchmarks.md` shows for 128×128. A picture of 512×512 fills a processor by itself.
 */
const SMALL_MODEL_PIXELS = 256 ** 2;
const SMALL_MODEL_SLOTS = 4;

/**
 * As many requests as there are slots, when they are of the usual size: as many pictures as a request has by itself, at
 * the default model's own size, with guidance. A request twice as large takes the room of two. Of a small model on a
 * processor, as many single pictures as there are slots: they fit one call, and a larger request runs alone.
 */
export function chooseCapacity(options: CapacityOptions, description: EngineDescription): Capacity {
  const { maxRunningPerUser, count, concurrency, lowMemory = false } = options;
  const usual = usualSpec(description);
  const isSmall = usual.width * usual.height <= SMALL_MODEL_PIXELS && !lowMemory;
  const sharesCall = concurrency === undefined && description.slots === 1 && isSmall;
  const slots = concurrency ?? (sharesCall ? SMALL_MODEL_SLOTS : description.slots);
  const pictures = sharesCall ? 1 : count;
  const load = loadOf({ kind: 'generate', spec: { ...usual, count: pictures, guidance: Math.max(usual.guidance, 2) } });
  const { devices = 1 } = description;
  return {
    ...(devices > 1 && { devices }),
    slots,
    maxLoad: slots * load,
    ...(maxRunningPerUser !== undefined && { maxRunningPerUser }),
  };
}

/** One picture as the default model draws it when nothing is asked of it. */
export function usualSpec({ models, defaultModel }: EngineDescription): GenerationSpec {
  const model = models.find(({ id }) => id === defaultModel);
  if (model === undefined) throw new RangeError(`the default model ${defaultModel} is not among the models`);
  const { id, width, height, steps, guidance, sampler } = model;
  const settings = { width, height, steps, guidance, sampler, model: id };
  return { ...settings, prompt: '', negative: '', seed: 0, count: 1, variations: [] };
}
