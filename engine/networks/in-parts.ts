import type { UnetCall } from './unet-call.ts';

/**
 * A call in calls of at most so many rows, one after the other, and what they give, joined again.
 * @param run gives numbers of one row after the other; `from` is the part's first row
 */
export async function inParts(
  call: UnetCall,
  mostRows: number,
  run: (part: UnetCall, from: number) => Promise<readonly Float32Array[]>,
): Promise<readonly Float32Array[]> {
  if (call.batch <= mostRows) return run(call, 0);
  const parts: (readonly Float32Array[])[] = [];
  for (let from = 0; from < call.batch; from += mostRows) {
    const rows = Math.min(mostRows, call.batch - from);
    parts.push(await run(partOf(call, from, rows), from));
  }
  return (parts[0] ?? []).map((_, i) => joined(parts.map((part) => part[i] ?? new Float32Array())));
}

/** `rows` rows of numbers that have as many for each of `batch`. */
export function rowsOf(values: Float32Array, batch: number, from: number, rows: number): Float32Array {
  const size = values.length / batch;
  return values.subarray(from * size, (from + rows) * size);
}

function partOf(call: UnetCall, from: number, rows: number): UnetCall {
  const part = (values: Float32Array) => rowsOf(values, call.batch, from, rows);
  const { addition } = call;
  return {
    ...call,
    batch: rows,
    sample: part(call.sample),
    timesteps: part(call.timesteps),
    context: part(call.context),
    addition: addition && { pooled: part(addition.pooled), sizeIds: part(addition.sizeIds) },
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
