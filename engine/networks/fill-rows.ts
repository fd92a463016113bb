import type { UnetCall } from './unet-call.ts';

/**
 * Calls in a row that have more rows than they need before there are fewer. On an H200 a call that has other rows than the
 * one before it takes 280 ms longer, for cuDNN plans all convolutions anew; the rows too many cost 7 ms a picture.
 */
const PATIENCE = 8;

/** Gives the calls of one network few different numbers of rows, and changes the number seldom. */
export class RowFiller {
  readonly #counts: readonly number[] | undefined;
  #shape = '';
  #rows = 0;
  /** Of the latest calls in a row, those that needed fewer rows, and the most that one of them needed. */
  #smaller = { calls: 0, most: 0 };

  /** @param counts numbers of rows, ascending; undefined leaves every call as it is */
  constructor(counts: readonly number[] | undefined) {
    this.#counts = counts;
  }

  /** The call with its last row repeated. */
  fill(call: UnetCall): UnetCall {
    const needed = this.#counts?.find((count) => count >= call.batch);
    return needed === undefined ? call : withRows(call, this.#choose(needed, `${call.shape}`));
  }

  #choose(needed: number, shape: string): number {
    const most = Math.max(this.#smaller.most, needed);
    const isSettled = shape === this.#shape && needed < this.#rows;
    if (isSettled && this.#smaller.calls < PATIENCE) {
      this.#smaller = { calls: this.#smaller.calls + 1, most };
      return this.#rows;
    }
    this.#rows = isSettled ? most : needed;
    this.#shape = shape;
    this.#smaller = { calls: 0, most: 0 };
    return this.#rows;
  }
}

function withRows(call: UnetCall, rows: number): UnetCall {
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
