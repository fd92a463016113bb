import { EngineError } from '../errors.ts';
import { cudaProvider } from './cuda-files.ts';
import type { ExecutionProvider } from './execution-provider.ts';
import { missingLibrary } from './missing-library.ts';
import { missingVulkan } from './vulkan.ts';

/** What ONNX Runtime throws, as errors that a person can be told. */

/** What it throws at a call. @throws EngineError always */
export function explainFailure(cause: unknown): never {
  const message = messageOf(cause);
  const limit = limitOf(message);
  if (limit !== undefined) {
    const sentence = `This size is too large for the GPU: ${limit}; try a smaller one, or fewer at once. The CPU has no such limit (EASEL_PROVIDER=cpu).`;
    throw new EngineError('out_of_memory', sentence, {}, cause);
  }
  if (isOutOfMemory(message)) {
    throw new EngineError(
      'out_of_memory',
      'There is not enough memory for a picture of this size; try a smaller one, or fewer at once.',
      {},
      cause,
    );
  }
  if (DEVICE_FAILURE.test(message)) {
    throw new EngineError('device_lost', `The GPU failed: ${reasonOf(cause)}`, {}, cause);
  }
  throw new EngineError('internal', `The network could not be run: ${message}`, {}, cause);
}

/** What it throws when a network is opened. @throws EngineError always */
export function explainOpening(cause: unknown, provider: ExecutionProvider): never {
  const message = messageOf(cause);
  const limit = limitOf(message);
  if (limit !== undefined) {
    const sentence = `This model is too large for the GPU: ${limit}; use a smaller one, or EASEL_PROVIDER=cpu.`;
    throw new EngineError('out_of_memory', sentence, {}, cause);
  }
  if (isOutOfMemory(message)) {
    const sentence = 'There is not enough memory for this model; use a smaller one, or set EASEL_LOW_MEMORY=yes.';
    throw new EngineError('out_of_memory', sentence, {}, cause);
  }
  throw new EngineError(
    provider === 'cpu' ? 'internal' : 'provider_failed',
    `A network could not be opened on the execution provider "${provider}": ${openingReason(cause, provider)}`,
    { provider },
    cause,
  );
}

function openingReason(cause: unknown, provider: ExecutionProvider): string {
  const message = messageOf(cause);
  if (provider === 'cuda' && /load shared library|load library/i.test(message)) {
    const library = missingLibrary(cudaProvider());
    if (library !== undefined) return `${library}.`;
  }
  if (provider === 'webgpu' && /WebGPU adapter/.test(message)) return missingVulkan() ?? reasonOf(cause);
  return reasonOf(cause);
}

/**
 * Which limit of a WebGPU driver was passed. ONNX Runtime binds a tensor that is larger than the largest binding as several
 * buffers, of which a shader takes so many; a buffer has a largest size in any case.
 */
function limitOf(message: string): string | undefined {
  const size = /(?:Buffer|Binding) size \((\d+)\).* (?:limit|size) \((\d+)\)/.exec(message);
  if (size !== null) return `it needs a buffer of ${megabytes(size[1])}, and the driver allows ${megabytes(size[2])}`;
  const count = /Too many storage buffers in shader\. Current: (\d+), Max is (\d+)/.exec(message);
  if (count !== null) return `one step needs ${count[1]} buffers at once, and the driver allows ${count[2]}`;
  return undefined;
}

function megabytes(bytes = '0'): string {
  return `${Math.round(Number(bytes) / 1e6)} MB`;
}

/** A buffer of WebGPU is invalid when the driver had no memory for it. */
function isOutOfMemory(message: string): boolean {
  return /alloc|out of memory|\[Invalid Buffer\b/i.test(message);
}

/** With its first error a context of CUDA is lost, and so is a device of WebGPU: nothing works any more until the process ends. */
const DEVICE_FAILURE =
  /\bCU(?:DA|DNN|BLAS) (?:failure|error)\b|\bdevice[^.\n]{0,40} (?:lost|removed|hung)\b|DEVICE_(?:LOST|REMOVED|HUNG)/i;

/** Without the places in ONNX Runtime's source that its messages begin with, and as a sentence. */
export function reasonOf(cause: unknown): string {
  const message = messageOf(cause).trim();
  // Before these stand hundreds of characters of C++, behind them the arguments of the call.
  const ofDevice = /\bCU(?:DA|DNN|BLAS) failure \d+: [^;\n]*/.exec(message)?.[0];
  const library = /\blib[\w.+-]+\.so[\d.]*: cannot open shared object file[^\n]*/.exec(message)?.[0];
  const known = ofDevice ?? library;
  if (known !== undefined) return `${known.trim().replace(/\.$/, '')}.`;
  const reason = message.split(' was false. ').at(-1) ?? message;
  const line = reason.split('\n')[0] ?? '';
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
