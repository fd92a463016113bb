import { parse } from 'node:path';
import * as ort from 'onnxruntime-node';
import { EngineError } from '../errors.ts';
import { CallTimes, whileCalling, whileLoading } from './activity.ts';
import type { ExecutionProvider } from './execution-provider.ts';
import { explainFailure, explainOpening } from './failures.ts';

/** The sole caller of ONNX Runtime. */

/** A tensor that a graph takes, row-major. */
export interface Input {
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

/** A float32 tensor that a graph gives, row-major. */
export interface Output {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The graph's first output, and those that were asked for by name. */
export interface RunOutput extends Output {
  readonly also: readonly Output[];
}

/** A graph that ONNX Runtime has opened. */
export interface Session {
  /** Runs the graph whole; blocks this thread for as long as it takes. @param also names of further outputs */
  run(inputs: Readonly<Record<string, Input>>, also?: readonly string[]): Promise<RunOutput>;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly provider: ExecutionProvider;
  /** 0 leaves the number to ONNX Runtime: one a core. */
  readonly threads: number;
  /**
   * Whether memory is kept from run to run; default true. It grows by doubling, so that it may hold twice what a network
   * needs: of the VAE at 512×512, 2 GB instead of 1, for 2 % of its time.
   */
  readonly arena?: boolean;
  /** Whether ONNX Runtime writes its errors to stderr, beside throwing them. @default true */
  readonly logsErrors?: boolean;
  /** The GPU, by the provider's own number, of those that have numbers (CUDA, DirectML). @default the provider's first */
  readonly device?: number;
}

/** ONNX Runtime's numbers for what it writes to stderr. */
const LOG_LEVEL = { errors: 3, fatal: 4 } as const;

/**
 * @param graph a serialised ONNX model.
 * @throws EngineError `provider_failed` for an execution provider that does not work on this machine, `out_of_memory` for
 * a network that its memory has no room for.
 */
export function openSession(graph: Uint8Array, options: SessionOptions): Promise<Session> {
  return whileLoading(() => open(graph, options));
}

async function open(graph: Uint8Array, options: SessionOptions): Promise<Session> {
  refuseUnknownProvider(options.provider);
  const opening = ort.InferenceSession.create(graph, {
    executionProviders: providersOf(options),
    graphOptimizationLevel: 'all',
    intraOpNumThreads: options.threads,
    enableCpuMemArena: options.arena ?? true,
    logSeverityLevel: options.logsErrors === false ? LOG_LEVEL.fatal : LOG_LEVEL.errors,
    extra: {
      session: {
        // External data may lie anywhere: locations are written relative to the root of the file system.
        model_external_initializers_file_folder_path: parse(process.cwd()).root,
      },
    },
  });
  const session = await opening.catch((cause: unknown) => explainOpening(cause, options.provider));
  const outputName = session.outputNames[0] ?? '';
  const times = new CallTimes(options.provider !== 'cpu');
  return {
    async run(inputs, also = []) {
      const feeds: Record<string, ort.Tensor> = {};
      for (const [name, { data, shape }] of Object.entries(inputs)) {
        feeds[name] =
          data instanceof Float32Array ? new ort.Tensor('float32', data, shape) : new ort.Tensor('int64', data, shape);
      }
      const results = await whileCalling(times.usualMs(inputs), async () => {
        const began = performance.now();
        const results = await session.run(feeds, [outputName, ...also]).catch(explainFailure);
        times.record(inputs, performance.now() - began);
        return results;
      });
      return { ...outputOf(results, outputName), also: also.map((name) => outputOf(results, name)) };
    },
    close: () => session.release(),
  };
}

/** CoreML's flag for the newer of its two formats: the older one has neither half precision nor most of the layers. */
const CREATE_ML_PROGRAM = 0x010;

/** What a GPU lacks, the CPU does. */
function providersOf({ provider, device }: SessionOptions): ort.InferenceSession.ExecutionProviderConfig[] {
  if (provider === 'cpu') return ['cpu'];
  if (provider === 'coreml') return [{ name: 'coreml', coreMlFlags: CREATE_ML_PROGRAM }, 'cpu'];
  const isNumbered = (provider === 'cuda' || provider === 'dml') && device !== undefined;
  return [isNumbered ? { name: provider, deviceId: device } : provider, 'cpu'];
}

function outputOf(results: ort.InferenceSession.ReturnType, name: string): Output {
  const tensor = results[name];
  if (tensor?.data instanceof Float32Array) return { data: tensor.data, shape: tensor.dims };
  throw new EngineError('internal', 'The network gave no result; please report this.', { output: name });
}

function refuseUnknownProvider(provider: ExecutionProvider): void {
  const known = ort.listSupportedBackends();
  if (known.some(({ name }) => name === provider)) return;
  // What is not bundled is listed all the same, whether it is installed or not.
  const bundled = known.filter((backend) => backend.bundled).map(({ name }) => name);
  throw new EngineError(
    'provider_failed',
    `There is no execution provider "${provider}" on this machine; use one of ${bundled.join(', ')}.`,
    { provider },
  );
}
