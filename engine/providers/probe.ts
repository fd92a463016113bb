import { EngineError, isEngineError } from '../errors.ts';
import { multiHeadAttention } from '../graph/attention.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { CPU_TARGET, type GraphTarget } from '../onnx/graph-target.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import { openSession, type Session } from '../session/session.ts';
import { type Capabilities, CPU_CAPABILITIES } from './choice.ts';

/** One attention of the networks. */
interface Shape {
  readonly heads: number;
  /** Channels of one head. */
  readonly width: number;
  readonly queries: number;
  readonly keys: number;
  /** As in the text encoder, whose tokens see those before them alone. */
  readonly isCausal?: boolean;
}

/** Providers choose a kernel by the width of a head and the number of tokens: those that the networks have. */
const SHAPES: readonly Shape[] = [
  // The first level of Stable Diffusion 1: its own pixels, and the text.
  { heads: 2, width: 40, queries: 256, keys: 256 },
  { heads: 2, width: 40, queries: 256, keys: 77 },
  // Its further levels.
  { heads: 1, width: 80, queries: 256, keys: 256 },
  { heads: 1, width: 160, queries: 64, keys: 77 },
  // Stable Diffusion 2 and XL, and the text encoders.
  { heads: 2, width: 64, queries: 256, keys: 256 },
  { heads: 2, width: 64, queries: 77, keys: 77, isCausal: true },
  // The VAE.
  { heads: 1, width: 512, queries: 256, keys: 256 },
];
/**
 * Of the greatest magnitude. Float32 is TF32 on NVIDIA's cards, of ten bits: 5·10⁻⁴ if it rounds, 1.6·10⁻³ if it cuts off. A
 * wrong kernel is off by as much as the numbers themselves.
 */
const TOLERANCE: Readonly<Record<GraphTarget['precision'], number>> = { float32: 5e-3, float16: 2e-2 };
/**
 * The forms of attention that are tried in turn. CoreML lacks the fused operator: ONNX Runtime would give it to the CPU, and
 * the probe would find nothing wrong.
 */
const FORMS: Partial<Record<ExecutionProvider, readonly GraphTarget['attention'][]>> = { coreml: ['plain'] };
/** Finite in halves, too. */
const HIDDEN = -10_000;

/**
 * Lets a provider compute attention and compares with the processor: a driver may be missing, and a kernel may be wrong
 * (ONNX Runtime's attention on WebGPU is where a GPU's subgroups have fewer than 16 lanes, as SwiftShader's have).
 * @throws EngineError `provider_failed` when it cannot run at all, or does it wrong either way
 */
export async function probeProvider(provider: ExecutionProvider, device?: number): Promise<Capabilities> {
  if (provider === 'cpu') return CPU_CAPABILITIES;
  const expected: Float32Array[] = [];
  for (const shape of SHAPES) expected.push(await attend('cpu', CPU_TARGET, shape));
  let refusal: unknown;
  for (const attention of FORMS[provider] ?? ['fused', 'plain']) {
    // Up to the first that is wrong: where kernels are compiled in software, each shape takes half a minute.
    const isRight = async (precision: GraphTarget['precision']) => {
      try {
        for (const [i, shape] of SHAPES.entries()) {
          const found = await attend(provider, { precision, attention }, shape, device);
          if (!isClose(found, expected[i] ?? found, precision)) return false;
        }
        return true;
      } catch (error) {
        if (!isEngineError(error) || error.code !== 'provider_failed') throw error;
        refusal ??= error;
        return false;
      }
    };
    const [float32, float16] = [await isRight('float32'), await isRight('float16')];
    if (float32 || float16) return { attention, float16, float32 };
  }
  if (refusal !== undefined) throw refusal;
  throw new EngineError(
    'provider_failed',
    `The execution provider "${provider}" computes wrong numbers on this machine; another version of its driver may do better.`,
    { provider },
  );
}

async function attend(
  provider: ExecutionProvider,
  target: GraphTarget,
  { heads, width, queries, keys, isCausal }: Shape,
  device?: number,
): Promise<Float32Array> {
  const channels = heads * width;
  const g = new GraphBuilder('probe', target);
  const x = g.floatInput('x', ['batch', queries, channels]);
  const text = g.floatInput('text', ['batch', keys, channels]);
  const bias = isCausal === true ? g.floats(causal(queries, heads), [1, heads, queries, keys]) : null;
  g.output('y', multiHeadAttention(g, x, text, text, { heads, width, bias }), ['batch', 'tokens', 'width']);
  let session: Session | undefined;
  try {
    session = await openSession(g.build(), {
      ...{ provider, threads: 1, logsErrors: false },
      ...(device !== undefined && { device }),
    });
    // Reproducible and without a pattern: neighbours differ, and scores are neither flat nor a single peak.
    const numbers = (tokens: number) => ({
      data: Float32Array.from({ length: tokens * channels }, (_, i) => Math.sin(i * i * 0.7)),
      shape: [1, tokens, channels],
    });
    return (await session.run({ x: numbers(queries), text: numbers(keys) })).data;
  } catch (cause) {
    if (isEngineError(cause) && cause.code === 'provider_failed') throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      'provider_failed',
      `The execution provider "${provider}" cannot compute here: ${why}`,
      { provider },
      cause,
    );
  } finally {
    await session?.close();
  }
}

/** [heads, tokens, tokens]: none sees those after it. */
function causal(tokens: number, heads: number): Float32Array {
  return Float32Array.from({ length: heads * tokens ** 2 }, (_, i) =>
    i % tokens > Math.floor(i / tokens) % tokens ? HIDDEN : 0,
  );
}

function isClose(actual: Float32Array, expected: Float32Array, precision: GraphTarget['precision']): boolean {
  let [difference, magnitude] = [0, 0];
  for (const [i, value] of expected.entries()) {
    const error = Math.abs((actual[i] ?? Number.NaN) - value);
    // Comparisons with what is no number are false: it must not pass for close.
    if (!(error <= difference)) difference = error;
    magnitude = Math.max(magnitude, Math.abs(value));
  }
  return difference <= TOLERANCE[precision] * magnitude;
}
