import type { UnetCall } from './unet-call.ts';

/**
 * The call with its last row repeated until it has one of these numbers of rows, or as it is where it has more.
 * @param counts ascending; undefined is any number
 */
export function fillRows(call: UnetCall, counts: readonly number[] | undefined): UnetCall {
  const rows = counts?.find((count) => count >= call.batch) ?? call.batch;
  if (rows === call.batch) return call;
  const fill = (values: Float32Array) => fillValues(values, call.batch, rows);
  const { addition } = call;
  return {
    ...call,
    batch: rows,
    sample: fill(call.sample),
    timesteps: fill(call.timesteps),
    context: fill(call.context),
    addition: addition && { pooled: fill(addition.pooled), sizeIds: fill(addition.sizeIds) },
  };
}

/** Numbers of `batch` rows with the last row repeated up to `rows`. */
export function fillValues(values: Float32Array, batch: number, rows: number): Float32Array {
  if (rows === batch) return values;
  const size = values.length / batch;
  const filled = new Float32Array(rows * size);
  filled.set(values);
  for (let row = batch; row < rows; row += 1) filled.set(values.subarray(values.length - size), row * size);
  return filled;
}

/** The rows of the result that were asked for. */
export function keepRows(values: Float32Array, filled: UnetCall, asked: UnetCall): Float32Array {
  return filled.batch === asked.batch ? values : values.subarray(0, (values.length / filled.batch) * asked.batch);
}
