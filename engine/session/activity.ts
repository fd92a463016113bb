import { EventEmitter } from 'node:events';

/** A call of one network, from before it begins until it has ended. */
export interface NetworkCall {
  /** Of this process. */
  readonly call: number;
  /** Milliseconds that a call of this size usually takes; undefined when nothing is known, as before the first. */
  readonly usualMs?: number;
}

/**
 * What the engine's process is busy with. Whoever watches the process needs it: a process that reads weights is silent
 * for minutes, and one whose driver hangs is silent, too.
 */
export const activity = new EventEmitter<{
  /** Begins or ends to read models and to open networks: how long that takes, nobody knows before. */
  loading: [isLoading: boolean];
  calling: [call: NetworkCall];
  called: [call: NetworkCall];
}>();

let loads = 0;
let calls = 0;

/** Says that the process is loading for as long as `work` takes. */
export async function whileLoading<Result>(work: () => Promise<Result>): Promise<Result> {
  loads += 1;
  if (loads === 1) activity.emit('loading', true);
  try {
    return await work();
  } finally {
    loads -= 1;
    if (loads === 0) activity.emit('loading', false);
  }
}

/** Says that a network runs for as long as `work` takes. */
export async function whileCalling<Result>(usualMs: number | undefined, work: () => Promise<Result>): Promise<Result> {
  calls += 1;
  const call: NetworkCall = { call: calls, ...(usualMs !== undefined && { usualMs }) };
  activity.emit('calling', call);
  try {
    return await work();
  } finally {
    activity.emit('called', call);
  }
}

/** The inputs of a call, as far as they say how long it takes. */
type Inputs = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** How long the calls of one network take. */
export class CallTimes {
  readonly #compiles: boolean;
  #latest: { readonly sizes: ReadonlyMap<string, number>; readonly shapes: string; readonly ms: number } | undefined;

  /** @param compiles whether the first call of a shape compiles kernels, as on a GPU, and so may take minutes */
  constructor(compiles: boolean) {
    this.#compiles = compiles;
  }

  /** Milliseconds for these inputs: what the latest call took, and more for larger ones; undefined when unknown. */
  usualMs(inputs: Inputs): number | undefined {
    const latest = this.#latest;
    if (latest === undefined || (this.#compiles && latest.shapes !== shapesOf(inputs))) return undefined;
    const growth = [...sizesOf(inputs)].map(([name, size]) => size / (latest.sizes.get(name) ?? size));
    // Attention grows with the square of a picture's pixels; nothing grows faster.
    return latest.ms * Math.max(1, ...growth) ** 2;
  }

  record(inputs: Inputs, ms: number): void {
    this.#latest = { sizes: sizesOf(inputs), shapes: shapesOf(inputs), ms };
  }
}

function sizesOf(inputs: Inputs): ReadonlyMap<string, number> {
  const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  return new Map(Object.entries(inputs).map(([name, { shape }]) => [name, size(shape)]));
}

function shapesOf(inputs: Inputs): string {
  return Object.entries(inputs)
    .map(([name, { shape }]) => `${name} ${shape.join('x')}`)
    .join(', ');
}
