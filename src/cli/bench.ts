import type { CliConfig, CliDependencies } from './types.ts';

export interface BenchRequest {
  /** Width and height, as typed. */
  readonly options: Readonly<Record<string, string>>;
  readonly asJson: boolean;
}

/** Times in milliseconds. */
interface Measurement {
  readonly model: string;
  readonly provider: string;
  /** CPU threads of a network at most; absent of an engine that does not tell, as is the next. */
  readonly threads?: number;
  /** The most memory of the engine's process, bytes. */
  readonly peakBytes?: number;
  readonly width: number;
  readonly height: number;
  readonly loadMs: number;
  readonly textMs: number;
  /** One step with guidance: the median of all but the first, which also warms up. */
  readonly stepMs: number;
  readonly firstStepMs: number;
  readonly decodeMs: number;
}

/** Above 1, so that each step runs the UNet on both halves; Euler, so that it runs it once. */
const BENCH_OPTIONS = { guidance: 7.5, sampler: 'euler', steps: 4, count: 1, seed: 0 } as const;
const PROMPT = 'a red circle on a blue background';

/** One small picture, timed. @throws BadInputError for a size that cannot be, EngineError */
export async function runBench(request: BenchRequest, config: CliConfig, parts: CliDependencies): Promise<void> {
  const engine = parts.openEngine(config, 0);
  try {
    const description = await engine.describe();
    const input = { text: PROMPT, options: { ...BENCH_OPTIONS, ...request.options } };
    const { spec } = await parts.resolve(input, description, config);
    const { timings, peakBytes } = await engine.run({ kind: 'generate', spec });
    const [firstStepMs = 0, ...warmMs] = timings.stepMs;
    const { width, height, model } = spec;
    const { loadMs, textMs, decodeMs } = timings;
    const stepMs = median(warmMs);
    const threads = description.execution?.threads;
    for (const sentence of description.execution?.passedOver ?? []) parts.stderr.write(`${sentence}\n`);
    const measured: Measurement = {
      model,
      provider: description.provider,
      ...(threads !== undefined && { threads }),
      ...(peakBytes !== undefined && { peakBytes }),
      width,
      height,
      loadMs,
      textMs,
      stepMs,
      firstStepMs,
      decodeMs,
    };
    parts.stdout.write(`${request.asJson ? JSON.stringify(measured) : describeMeasurement(measured)}\n`);
  } finally {
    await engine.close();
  }
}

function describeMeasurement(measured: Measurement): string {
  const { model, provider, threads, peakBytes, width, height, loadMs, textMs, stepMs, decodeMs } = measured;
  return [
    `${model} at ${width}×${height} on ${provider}${threads === undefined ? '' : `, ${threads} threads`}`,
    `load    ${loadMs.toFixed(0)} ms`,
    `text    ${textMs.toFixed(1)} ms`,
    `step    ${stepMs.toFixed(1)} ms`,
    `decode  ${decodeMs.toFixed(1)} ms`,
    ...(peakBytes === undefined ? [] : [`memory  ${(peakBytes / 1e6).toFixed(0)} MB at most`]),
  ].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? 0 : (low + high) / 2;
}
