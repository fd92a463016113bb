import { EngineError, isEngineError } from '../errors.ts';
import { multiHeadAttention } from '../graph/attention.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { CPU_TARGET, type GraphTarget } from '../onnx/graph-target.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import { openSession } from '../session/session.ts';
import { type Capabilities, CPU_CAPABILITIES } from './choice.ts';

/** As the UNet's first level has it: a head width on which providers use their fastest kernel. */
const HEADS = 2;
const WIDTH = 40;
const TOKENS = 96;
/** Of the greatest magnitude; a right kernel stays below a hundredth of these. */
const TOLERANCE: Readonly<Record<GraphTarget['precision'], number>> = { float32: 1e-3, float16: 2e-2 };

/**
 * Lets a provider compute attention and compares with the processor: a driver may be missing, and a kernel may be wrong
 * (ONNX Runtime's attention on WebGPU is where a GPU's subgroups have fewer than 16 lanes, as SwiftShader's have).
 * @throws EngineError `provider_failed` when it cannot run at all, or does it wrong either way
 */
export async function probeProvider(provider: ExecutionProvider): Promise<Capabilities> {
  if (provider === 'cpu') return CPU_CAPABILITIES;
  const expected = await attend('cpu', CPU_TARGET);
  for (const attention of ['fused', 'plain'] as const) {
    if (!isClose(await attend(provider, { precision: 'float32', attention }), expected, 'float32')) continue;
    const float16 = await attend(provider, { precision: 'float16', attention }).catch(failedFloat16);
    return { attention, float16: float16 !== undefined && isClose(float16, expected, 'float16') };
  }
  throw new EngineError(
    'provider_failed',
    `The execution provider "${provider}" computes wrong numbers on this machine; another version of its driver may do better.`,
    { provider },
  );
}

async function attend(provider: ExecutionProvider, target: GraphTarget): Promise<Float32Array> {
  const g = new GraphBuilder('probe', target);
  const x = g.floatInput('x', ['batch', TOKENS, HEADS * WIDTH]);
  g.output('y', multiHeadAttention(g, x, x, x, { heads: HEADS, width: WIDTH, bias: null }), [
    'batch',
    'tokens',
    'width',
  ]);
  const session = await openSession(g.build(), { provider, threads: 1 });
  try {
    // Reproducible and without a pattern: neighbours differ, and scores are neither flat nor a single peak.
    const data = Float32Array.from({ length: 2 * TOKENS * HEADS * WIDTH }, (_, i) => Math.sin(i * i * 0.7));
    return (await session.run({ x: { data, shape: [2, TOKENS, HEADS * WIDTH] } })).data;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      'provider_failed',
      `The execution provider "${provider}" cannot compute here: ${why}`,
      { provider },
      cause,
    );
  } finally {
    await session.close();
  }
}

/** A device without arithmetic of half the width says so when the session is made or run. */
function failedFloat16(error: unknown): undefined {
  if (isEngineError(error) && error.code === 'provider_failed') return undefined;
  throw error;
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
