import { availableParallelism } from 'node:os';
import type { EngineDescription } from '../descriptions.ts';
import type { MemoryRules } from '../memory/memory-plan.ts';
import { PROVIDER_CONCURRENCY } from '../providers/providers.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import type { EngineOptions } from './catalog.ts';
import { availableCores, availableMemory } from './machine.ts';

/** How networks are run, for people. */
export interface ExecutionFacts extends Required<Pick<EngineDescription, 'slots' | 'execution'>> {
  readonly provider: ExecutionProvider;
}

/** @param processBytes what the engine's process has already */
export function describeExecution(
  provider: ExecutionProvider,
  options: EngineOptions,
  passedOver: readonly string[] = [],
  processBytes = process.memoryUsage.rss(),
): ExecutionFacts {
  const { slots, maxRows } = PROVIDER_CONCURRENCY[provider];
  return {
    provider,
    // One network at a time serves one task at a time.
    slots: options.offload === true ? 1 : slots,
    execution: {
      threads: threadsFor(options) || availableCores(),
      maxRows: options.maxRows ?? maxRows,
      offload: options.offload === true,
      ...(options.precision === 'int8' && { precision: options.precision }),
      ...memoryLimit(provider, options, processBytes),
      passedOver,
    },
  };
}

/** The bounds of memory that follow from how networks are run. */
export function rulesOf({ execution: { memoryLimit: limit, offload, maxRows } }: ExecutionFacts): MemoryRules {
  return { limit, offload, maxRows };
}

/** What is free now and what the process has already; unknown of a GPU, which says by itself when it has no more. */
function memoryLimit(
  provider: ExecutionProvider,
  options: EngineOptions,
  processBytes: number,
): { readonly memoryLimit?: number } {
  // A GPU's memory is its own; a machine's is for all its engine processes.
  const share = provider === 'cpu' ? (options.processes ?? 1) : 1;
  if (options.memoryLimit !== undefined) return { memoryLimit: options.memoryLimit / share };
  return provider === 'cpu' ? { memoryLimit: availableMemory() / share + processBytes } : {};
}

/** CPU threads of a network; 0 leaves it to ONNX Runtime, which knows cores from their twins but not a container's share. */
export function threadsFor({ threads = 0, processes = 1 }: EngineOptions): number {
  if (threads > 0) return threads;
  const cores = availableCores();
  if (processes > 1) return Math.max(1, Math.floor(cores / processes));
  return cores < availableParallelism() ? cores : 0;
}
