import { type Engine, type EngineDescription, workShare } from '../../engine/index.ts';
import type { Log } from '../lib/log.ts';

/** Bytes that drawing with a model takes from which on people wait for its pictures on a CPU. */
const LARGE_MODEL = 2e9;
/** Share of a float32 step that is matrix products and convolutions, of a v1 model on a CPU. */
const PRODUCTS_SHARE = 0.77;

/** Logs one line where int8 would draw the default model sooner, by a measurement of about a second. */
export async function adviseOnSpeed(engine: Engine, description: EngineDescription, log: Log): Promise<void> {
  if (!mayGainByInt8(description)) return;
  const gain = await engine.measureInt8Gain?.();
  const advice = gain === undefined ? undefined : adviseInt8(gain);
  if (advice !== undefined) log.info({ int8Gain: Math.round((gain ?? 1) * 10) / 10 }, advice);
}

/** Whether to measure what int8 would give: the default model is large, and a CPU draws it in float32. */
export function mayGainByInt8({ provider, execution, models, defaultModel }: EngineDescription): boolean {
  const { memoryBytes = 0 } = models.find(({ id }) => id === defaultModel) ?? {};
  return provider === 'cpu' && execution?.precision === undefined && memoryBytes > LARGE_MODEL;
}

/** @param gain how many times as fast products are in int8. @returns undefined where that is not worth it */
export function adviseInt8(gain: number): string | undefined {
  const step = 1 - PRODUCTS_SHARE + PRODUCTS_SHARE / gain;
  if (step > 0.8) return undefined;
  const both = step * workShare({ speed: 'balanced' }, 2);
  return `Pictures can be drawn sooner on this CPU: with EASEL_PRECISION=int8 steps take about ${percent(step)} of the time, and with EASEL_SPEED=balanced as well about ${percent(both)}; the pictures differ a little. See docs/benchmarks.md.`;
}

function percent(share: number): string {
  return `${Math.round(share * 20) * 5} %`;
}
