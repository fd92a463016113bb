import type { GenerationSpec, RunResult } from '../../engine/index.ts';
import type { CliConfig, CliDependencies } from './types.ts';

export interface BenchRequest {
  /** Width, height and count, as typed. */
  readonly options: Readonly<Record<string, string>>;
  readonly asJson: boolean;
}

/** Times in milliseconds. */
interface Measurement {
  readonly model: string;
  readonly provider: string;
  /** CPU threads of a network at most; absent of an engine that does not tell, as are the next two. */
  readonly threads?: number;
  readonly precision?: string;
  /** The most memory of the engine's process, bytes. */
  readonly peakBytes?: number;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly loadMs: number;
  readonly textMs: number;
  /** One step of all pictures with guidance: the median of all but the first, which also warms up. */
  readonly stepMs: number;
  readonly firstStepMs: number;
  /** Of all pictures, the first time and the second. */
  readonly decodeMs: number;
  readonly secondDecodeMs: number;
  /** The steps that the model draws by default, which the next two are for. */
  readonly steps: number;
  /** From the start of the engine to the first pictures, made up of what was measured. */
  readonly firstPictureMs: number;
  /** Of an engine that has drawn before. */
  readonly picturesPerMinute: number;
}

/** Above 1, so that each step runs the UNet on both halves; Euler, so that it runs it once. */
const BENCH_OPTIONS = { guidance: 7.5, sampler: 'euler', steps: 4, count: 1, seed: 0 } as const;
const PROMPT = 'a red circle on a blue background';

/** The same few steps twice, timed. @throws BadInputError for a size that cannot be, EngineError */
export async function runBench(request: BenchRequest, config: CliConfig, parts: CliDependencies): Promise<void> {
  const began = performance.now();
  const engine = parts.openEngine(config, 0);
  try {
    const description = await engine.describe();
    const input = { text: PROMPT, options: { ...BENCH_OPTIONS, ...request.options } };
    const { spec } = await parts.resolve(input, description, config);
    const first = await engine.run({ kind: 'generate', spec });
    const firstMs = performance.now() - began;
    const second = await engine.run({ kind: 'generate', spec });
    for (const sentence of description.execution?.passedOver ?? []) parts.stderr.write(`${sentence}\n`);
    const { steps = spec.steps } = description.models.find(({ id }) => id === spec.model) ?? {};
    const { threads, precision } = description.execution ?? {};
    const measured: Measurement = {
      model: spec.model,
      provider: description.provider,
      ...(threads !== undefined && { threads }),
      ...(precision !== undefined && { precision }),
      ...measure(spec, steps, first, second, firstMs),
    };
    parts.stdout.write(`${request.asJson ? JSON.stringify(measured) : describeMeasurement(measured)}\n`);
  } finally {
    await engine.close();
  }
}

function measure(
  { width, height, count }: GenerationSpec,
  steps: number,
  first: RunResult,
  second: RunResult,
  firstMs: number,
): Omit<Measurement, 'model' | 'provider'> {
  const { loadMs, textMs, decodeMs, stepMs: firstRun } = first.timings;
  const { stepMs: secondRun, decodeMs: secondDecodeMs, textMs: secondTextMs } = second.timings;
  const [firstStepMs = 0, ...warmMs] = firstRun;
  const stepMs = median([...warmMs, ...secondRun]);
  const peakBytes = second.peakBytes ?? first.peakBytes;
  return {
    ...(peakBytes !== undefined && { peakBytes }),
    ...{ width, height, count, loadMs, textMs, stepMs, firstStepMs, decodeMs, secondDecodeMs, steps },
    firstPictureMs: firstMs + (steps - firstRun.length) * stepMs,
    picturesPerMinute: (60_000 * count) / (secondTextMs + steps * stepMs + secondDecodeMs),
  };
}

function describeMeasurement(measured: Measurement): string {
  const { model, provider, threads, precision, peakBytes, width, height, count, steps } = measured;
  const { loadMs, textMs, stepMs, firstStepMs, decodeMs, secondDecodeMs, firstPictureMs, picturesPerMinute } = measured;
  const rows = [
    ['load', inTime(loadMs)],
    ['text', inTime(textMs)],
    ['step', `${inTime(stepMs)}, the first ${inTime(firstStepMs)}`],
    ['decode', `${inTime(secondDecodeMs)}, the first ${inTime(decodeMs)}`],
    ...(peakBytes === undefined ? [] : [['memory', `${(peakBytes / 1e6).toFixed(0)} MB at most`]]),
    [`at ${steps} steps`, `${shortly(picturesPerMinute)} pictures a minute`],
    ['first picture', `${inTime(firstPictureMs)} after the start`],
  ];
  const how = [provider, ...(precision === undefined ? [] : [precision])].join(', ');
  const pictures = count === 1 ? '' : `${count} pictures of `;
  return [
    `${pictures}${model} at ${width}×${height} on ${how}${threads === undefined ? '' : `, ${threads} threads`}`,
    ...rows.map(([name = '', value = '']) => `${name.padEnd(15)}${value}`),
  ].join('\n');
}

function inTime(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function shortly(value: number): string {
  return value < 100 ? value.toPrecision(2) : value.toFixed(0);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? 0 : (low + high) / 2;
}
