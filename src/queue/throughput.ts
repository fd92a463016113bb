import { type EngineTask, specOf } from '../../engine/index.ts';
import type { ValueStore } from '../store/port.ts';
import { costOf, loadOf, pixelsOf } from './cost.ts';
import type { Estimate } from './queue-entry.ts';

/** How much an older measurement counts for each newer one: about the last ten jobs matter. */
const DECAY = 0.9;

/** Work done, in `costOf`'s unit, and the milliseconds of a whole device that it took. */
export interface Measurement {
  readonly cost: number;
  readonly ms: number;
}

/** By model and class of size, as `classOf` names them. */
export type Measurements = Readonly<Record<string, Measurement>>;

/**
 * Measured speed of the engine, to estimate waiting times with: apart for each model, and for each doubling of a
 * picture's pixels, because attention grows faster than they do.
 */
export interface Throughput {
  /** Takes up what earlier processes measured. */
  load(): Promise<void>;
  /** @param device that draws it @default 0 */
  begin(jobId: string, task: EngineTask, device?: number): void;
  /**
   * Its pictures stand.
   * @param loadMs how long it waited for the model to be read, which the next will not
   * @throws what the store throws; the measurement counts all the same
   */
  finish(jobId: string, loadMs: number): Promise<void>;
  /** It ended otherwise, and tells nothing. */
  drop(jobId: string): void;
  /** Reads a task once, so that it can be estimated often, by what is measured then. */
  estimator(task: EngineTask): Estimate;
}

interface Active {
  readonly task: EngineTask;
  readonly device: number;
  readonly beganAt: number;
  /** Milliseconds of a whole device, by the loads of those that ran beside it. */
  ms: number;
}

const KEY = 'measurements';

/** @param store where measurements survive a restart @param now milliseconds since the epoch */
export function createThroughput(store: ValueStore<Measurements>, now: () => number): Throughput {
  const measured = new Map<string, Measurement>();
  const active = new Map<string, Active>();
  let accruedAt = now();
  /** How many were made or taken up: an estimate stands until there is another. */
  let measurements = 0;

  /** The time since the last change of who runs is shared out among those that ran on the same device. */
  function accrue(): void {
    const passed = now() - accruedAt;
    accruedAt += passed;
    const loads = new Map<number, number>();
    for (const { task, device } of active.values()) loads.set(device, (loads.get(device) ?? 0) + loadOf(task));
    for (const job of active.values()) job.ms += (passed * loadOf(job.task)) / (loads.get(job.device) ?? 1);
  }

  async function record(task: EngineTask, ms: number): Promise<void> {
    const key = keyOf(task);
    const { cost, ms: before } = measured.get(key) ?? { cost: 0, ms: 0 };
    measured.set(key, { cost: cost * DECAY + costOf(task), ms: before * DECAY + ms });
    measurements += 1;
    await store.set(KEY, Object.fromEntries(measured));
  }

  return {
    load: async () => {
      for (const [key, value] of Object.entries((await store.get(KEY)) ?? {})) measured.set(key, value);
      measurements += 1;
    },
    begin: (jobId, task, device = 0) => {
      accrue();
      active.set(jobId, { task, device, beganAt: now(), ms: 0 });
    },
    finish: async (jobId, loadMs) => {
      accrue();
      const job = active.get(jobId);
      active.delete(jobId);
      if (job === undefined) return;
      const ms = job.ms * (1 - loadMs / (now() - job.beganAt));
      // Too short for this clock, or all of it the reading of the model.
      if (ms > 0) await record(job.task, ms);
    },
    drop: (jobId) => {
      accrue();
      active.delete(jobId);
    },
    estimator: (task) => {
      const [key, cost] = [keyOf(task), costOf(task)];
      let [estimate, estimatedAt] = [undefined as number | undefined, -1];
      return () => {
        if (estimatedAt === measurements) return estimate;
        const like = measured.get(key) ?? nearest(measured, task);
        estimate = like && (cost * like.ms) / like.cost;
        estimatedAt = measurements;
        return estimate;
      };
    },
  };
}

const modelOf = (task: EngineTask): string => specOf(task).model;
const classOf = (task: EngineTask): number => Math.round(Math.log2(pixelsOf(task)));
const keyOf = (task: EngineTask): string => `${classOf(task)} ${modelOf(task)}`;

/** Of the same model, what was measured nearest in size. */
function nearest(measured: ReadonlyMap<string, Measurement>, task: EngineTask): Measurement | undefined {
  let best: { readonly distance: number; readonly value: Measurement } | undefined;
  for (const [key, value] of measured) {
    const space = key.indexOf(' ');
    if (key.slice(space + 1) !== modelOf(task)) continue;
    const distance = Math.abs(Number(key.slice(0, space)) - classOf(task));
    if (best === undefined || distance < best.distance) best = { distance, value };
  }
  return best?.value;
}
