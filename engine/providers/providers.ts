import { EngineError } from '../errors.ts';
import { cudaIsInstalled } from '../session/cuda-files.ts';
import type { ExecutionProvider, Provider } from '../session/execution-provider.ts';
import type { PrecisionChoice } from './precision.ts';

/** Said to who asks for int8 on a GPU. */
export const INT8_NEEDS_CPU = 'The precision int8 needs the provider "cpu".';

/** In the order in which they are tried. */
export type Candidates = readonly [ExecutionProvider, ...ExecutionProvider[]];

/** What a provider does well at one time. */
export interface ProviderConcurrency {
  /** Rows of one UNet call: a picture takes one, with guidance two. */
  readonly maxRows: number;
  /** Tasks. */
  readonly slots: number;
  /**
   * Rows of the calls that it is given: others are filled up. Absent is any number. cuDNN plans its convolutions anew for each
   * number, which takes as long as several calls, and keeps no plan.
   */
  readonly rowCounts?: readonly number[];
}

/**
 * A CPU does every row after the other, so a second task would only delay the first; an accelerator does several in
 * little more than the time of one (published for an A100: 2.4 times the pictures at 16 rows).
 */
export const PROVIDER_CONCURRENCY: Readonly<Record<ExecutionProvider, ProviderConcurrency>> = {
  cpu: { maxRows: 8, slots: 1 },
  cuda: { maxRows: 16, slots: 4, rowCounts: [1, 2, 4, 8, 16] },
  dml: { maxRows: 8, slots: 2 },
  webgpu: { maxRows: 8, slots: 2 },
  coreml: { maxRows: 8, slots: 2 },
};

/** What each provider asks of the machine: said to who named one that does not work. */
export const REQUIREMENTS: Readonly<Record<ExecutionProvider, string>> = {
  cpu: 'The CPU needs nothing.',
  cuda: "It needs Linux on x64, an NVIDIA driver, CUDA 13, cuDNN 9 and ONNX Runtime's CUDA files; docs/gpu.md says how to install them.",
  webgpu: 'It needs a GPU with a driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS).',
  dml: 'It needs Windows and a GPU with a driver for Direct3D 12.',
  coreml: 'It needs macOS 12 or newer.',
};

/** What whoever runs the bot is told. @param message why it is skipped, a sentence */
export function passedOverSentence(message: string, failed: ExecutionProvider, next: ExecutionProvider): string {
  return `${message} Easel uses "${next}" instead. ${REQUIREMENTS[failed]}`;
}

/**
 * What is tried in turn. `auto` never takes WebGPU or CoreML, which may be there without being faster.
 * @param hasCuda whether ONNX Runtime's CUDA files are installed; it asks for them aloud where they are not
 */
export function candidatesOf(
  provider: Provider,
  platform: NodeJS.Platform = process.platform,
  hasCuda = cudaIsInstalled(),
): Candidates {
  if (provider !== 'auto') return [provider];
  if (platform === 'win32') return ['dml', 'cpu'];
  return hasCuda ? ['cuda', 'cpu'] : ['cpu'];
}

/**
 * What is tried in turn where a precision is asked for, too: int8 is for a CPU.
 * @throws EngineError `bad_request` for int8 on another provider, which was named
 */
export function candidatesFor(provider: Provider, precision: PrecisionChoice = 'auto'): Candidates {
  if (precision !== 'int8') return candidatesOf(provider);
  if (provider !== 'auto' && provider !== 'cpu') {
    throw new EngineError('bad_request', `${INT8_NEEDS_CPU} "${provider}" runs in float16 or float32.`, { provider });
  }
  return ['cpu'];
}
