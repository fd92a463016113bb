import type { Denoiser } from './denoiser.ts';
import type { Networks } from './networks.ts';

interface Row {
  readonly sample: Float32Array;
  readonly timestep: number;
  readonly context: Float32Array;
}

/**
 * Advances every denoiser by one step, with one UNet call for all whose texts are equally long. All must share the
 * latents' shape; timesteps, samplers and guidance may differ.
 */
export async function stepTogether(
  networks: Networks,
  denoisers: readonly Denoiser[],
  shape: readonly [channels: number, height: number, width: number],
): Promise<void> {
  const asked = denoisers.map((denoiser) => {
    const { sample, timestep, contexts } = denoiser.input();
    return { denoiser, rows: contexts.map((context): Row => ({ sample, timestep, context })) };
  });
  const predictions = new Map<Row, Float32Array>();
  for (const rows of byTextLength(asked.flatMap(({ rows }) => rows))) {
    const prediction = await predict(networks, rows, shape);
    const size = prediction.length / rows.length;
    for (const [i, row] of rows.entries()) predictions.set(row, prediction.subarray(i * size, (i + 1) * size));
  }
  for (const { denoiser, rows } of asked) {
    denoiser.accept(rows.map((row) => predictions.get(row) ?? new Float32Array()));
  }
}

function byTextLength(rows: readonly Row[]): Iterable<readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) groups.set(row.context.length, [...(groups.get(row.context.length) ?? []), row]);
  return groups.values();
}

function predict(
  networks: Networks,
  rows: readonly Row[],
  shape: readonly [channels: number, height: number, width: number],
): Promise<Float32Array> {
  return networks.predict({
    batch: rows.length,
    shape,
    sample: concat(rows.map((row) => row.sample)),
    timesteps: Float32Array.from(rows, (row) => row.timestep),
    context: concat(rows.map((row) => row.context)),
  });
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
