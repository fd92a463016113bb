import { cutWindow, joinWindows, planWindows, type Window, type WindowPlan } from '../latents/windows.ts';
import type { Networks } from '../networks/networks.ts';
import type { UnetAddition } from '../networks/unet-call.ts';
import type { DeepFeatures } from './deep-features.ts';
import type { Denoiser, TextContext } from './denoiser.ts';

type Shape = readonly [channels: number, height: number, width: number];

interface Row {
  readonly sample: Float32Array;
  readonly timestep: number;
  readonly context: TextContext;
  readonly keyStride: number;
  /** Where it has any, the outermost layers alone are computed for it. */
  readonly features: Float32Array | undefined;
  readonly keepsFeatures: boolean;
  /** See `UnetAddition`. */
  readonly sizeIds: readonly number[];
}

interface Answer {
  readonly prediction: Float32Array;
  readonly features: Float32Array | undefined;
}

interface StepOptions {
  readonly maxRows: number;
  readonly features: DeepFeatures;
  /** What it throws ends the step. */
  beforeCall(): Promise<void>;
}

/** Advances every denoiser by one step; none of them moves when a call fails. */
export async function stepTogether(
  networks: Networks,
  denoisers: readonly Denoiser[],
  shape: Shape,
  options: StepOptions,
): Promise<void> {
  const { family, vaeFactor } = networks.model;
  const plan = planWindows(shape, family.latents);
  const canvas = { shape, plan, vaeFactor };
  const asked = denoisers.map((denoiser) => ({ denoiser, rows: rowsOf(denoiser, canvas, options.features) }));
  const all = asked.flatMap(({ rows }) => rows.flat());
  const answers = new Map<Row, Answer>();
  for (const rows of byCall(all, options.maxRows)) {
    await options.beforeCall();
    const { prediction, features } = await predict(networks, rows, plan.shape);
    for (const [i, row] of rows.entries()) {
      answers.set(row, {
        prediction: partOf(prediction, i, rows.length),
        features: features && partOf(features, i, rows.length),
      });
    }
  }
  const joined = (rows: readonly Row[]) => {
    const parts = rows.map((row) => answers.get(row)?.prediction ?? new Float32Array());
    return joinWindows(parts, shape, plan);
  };
  for (const { denoiser, rows } of asked) {
    const kept = rows.flat().filter((row) => row.keepsFeatures);
    if (kept.length > 0) {
      const features = kept.map((row) => [row.context, answers.get(row)?.features ?? new Float32Array()] as const);
      options.features.keep(denoiser, new Map(features));
    }
    denoiser.accept(rows.map(joined));
  }
}

/** What the rows of a picture have in common. */
interface Canvas {
  readonly shape: Shape;
  readonly plan: WindowPlan;
  /** Pixels of a latent, on each side. */
  readonly vaeFactor: number;
}

/** For each text a row a window. Features are kept of pictures drawn whole: those of all windows would be too large. */
function rowsOf(denoiser: Denoiser, canvas: Canvas, features: DeepFeatures): Row[][] {
  const { plan } = canvas;
  const { sample, beside, timestep, contexts, reusesFeatures, keepsFeatures, keyStride } = denoiser.input();
  const isWhole = plan.windows.length === 1;
  const found = isWhole && reusesFeatures ? features.find(denoiser, contexts) : undefined;
  const keeps = isWhole && keepsFeatures && found === undefined;
  return contexts.map((context, i) =>
    plan.windows.map((window) => ({
      sample: channelsOf(sample, beside, canvas, window),
      timestep,
      context,
      keyStride,
      features: found?.[i],
      keepsFeatures: keeps,
      sizeIds: sizeIdsOf(canvas, window),
    })),
  );
}

/** What the UNet sees of a window: the latents, and after them what goes beside. */
function channelsOf(
  sample: Float32Array,
  beside: Float32Array | undefined,
  { shape, plan }: Canvas,
  window: Window,
): Float32Array {
  const latents = cutWindow(sample, shape, plan, window);
  if (beside === undefined) return latents;
  const [, height, width] = shape;
  const [, rows, columns] = plan.shape;
  const channels = beside.length / (height * width);
  const own = { ...plan, shape: [channels, rows, columns] as const };
  return concat([latents, cutWindow(beside, [channels, height, width], own, window)]);
}

/** A window is to the model what a crop of a larger picture was in its training. */
function sizeIdsOf({ shape: [, height, width], plan, vaeFactor }: Canvas, { top, left }: Window): readonly number[] {
  const [, rows, columns] = plan.shape;
  return [height, width, top, left, rows, columns].map((latents) => latents * vaeFactor);
}

/** Calls of at most `maxRows` rows each, whose texts are equally long and which take the same layers. */
function* byCall(rows: readonly Row[], maxRows: number): Iterable<readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const length = row.context.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const key = `${length} ${row.keyStride} ${row.features === undefined}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  for (const group of groups.values()) {
    for (let at = 0; at < group.length; at += maxRows) yield group.slice(at, at + maxRows);
  }
}

async function predict(networks: Networks, rows: readonly Row[], shape: Shape): Promise<Answer> {
  const call = {
    batch: rows.length,
    shape: [(rows[0]?.sample.length ?? 0) / (shape[1] * shape[2]), shape[1], shape[2]] as const,
    sample: concat(rows.map((row) => row.sample)),
    timesteps: Float32Array.from(rows, (row) => row.timestep),
    context: concat(rows.flatMap((row) => row.context.chunks)),
    addition: additionOf(rows),
    keyStride: rows[0]?.keyStride ?? 1,
  };
  const features = rows.flatMap((row) => row.features ?? []);
  if (features.length > 0) {
    return { prediction: await networks.predictFrom(concat(features), call), features: undefined };
  }
  if (!rows.some((row) => row.keepsFeatures)) return { prediction: await networks.predict(call), features: undefined };
  const { prediction, deep } = await networks.predictAndKeep(call);
  return { prediction, features: deep };
}

/** Undefined for a model whose text is not pooled. */
function additionOf(rows: readonly Row[]): UnetAddition | undefined {
  const pooled = rows.flatMap(({ context }) => context.pooled ?? []);
  if (pooled.length === 0) return undefined;
  return { pooled: concat(pooled), sizeIds: Float32Array.from(rows.flatMap(({ sizeIds }) => sizeIds)) };
}

/** Row `i` of `count` rows. */
function partOf(rows: Float32Array, i: number, count: number): Float32Array {
  const size = rows.length / count;
  return rows.subarray(i * size, (i + 1) * size);
}

function concat(vectors: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(vectors.reduce((sum, vector) => sum + vector.length, 0));
  let at = 0;
  for (const vector of vectors) {
    out.set(vector, at);
    at += vector.length;
  }
  return out;
}
