import { availableParallelism } from 'node:os';
import { availableCores, availableMemory } from './machine.ts';
import type { EngineOptions } from './model/catalog.ts';
import { type ExecutionProvider, LOADS } from './provider.ts';
import type { EngineDescription } from './types.ts';

/** How networks are run, for people. */
export type ExecutionFacts = Required<Pick<EngineDescription, 'provider' | 'slots' | 'execution'>>;

export function describeExecution(
  provider: ExecutionProvider,
  options: EngineOptions,
  passedOver: readonly string[] = [],
): ExecutionFacts {
  const { slots, maxRows } = LOADS[provider];
  return {
    provider,
    // One network at a time serves one task at a time.
    slots: options.offload === true ? 1 : slots,
    execution: {
      threads: threadsFor(options) || availableCores(),
      maxRows: options.maxRows ?? maxRows,
      offload: options.offload === true,
      ...memoryLimit(provider, options),
      passedOver,
    },
  };
}

/** What is free now and what this process has already; unknown of a GPU, which says by itself when it has no more. */
function memoryLimit(provider: ExecutionProvider, options: EngineOptions): { readonly memoryLimit?: number } {
  if (options.memoryLimit !== undefined) return { memoryLimit: options.memoryLimit };
  return provider === 'cpu' ? { memoryLimit: availableMemory() + process.memoryUsage.rss() } : {};
}

/** CPU threads of a network; 0 leaves it to ONNX Runtime, which knows cores from their twins but not a container's share. */
export function threadsFor({ threads = 0 }: EngineOptions): number {
  if (threads > 0) return threads;
  const cores = availableCores();
  return cores < availableParallelism() ? cores : 0;
}
