import type { Denoiser } from './denoiser.ts';
import type { Networks } from './networks.ts';

/**
 * Advances every denoiser by one step in one UNet call. All must share the latents' shape and the length of their
 * text; timesteps, samplers and guidance may differ.
 */
export async function stepTogether(
  networks: Networks,
  denoisers: readonly Denoiser[],
  shape: readonly [channels: number, height: number, width: number],
): Promise<void> {
  const inputs = denoisers.map((denoiser) => denoiser.input());
  const rows = inputs.flatMap(({ sample, timestep, contexts }) =>
    contexts.map((context) => ({ sample, timestep, context })),
  );
  const prediction = await networks.predict({
    batch: rows.length,
    shape,
    sample: concat(rows.map((row) => row.sample)),
    timesteps: Float32Array.from(rows, (row) => row.timestep),
    context: concat(rows.map((row) => row.context)),
  });
  const size = prediction.length / rows.length;
  let row = 0;
  for (const [i, denoiser] of denoisers.entries()) {
    const count = inputs[i]?.contexts.length ?? 0;
    denoiser.accept(
      Array.from({ length: count }, (_, k) => prediction.subarray((row + k) * size, (row + k + 1) * size)),
    );
    row += count;
  }
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
