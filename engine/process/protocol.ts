import type { Progress, RunOptions, RunResult } from '../engine.ts';
import { EngineError, type EngineErrorCode } from '../errors.ts';
import type { Candidates } from '../providers/providers.ts';
import type { EngineOptions } from '../runtime/catalog.ts';
import type { ExecutionFacts } from '../runtime/execution.ts';
import type { NetworkCall } from '../session/activity.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import type { EngineTask } from '../task.ts';

/** Messages between the shell and the engine's process, by structured clone: typed arrays cross as bytes. */

/** What the host asks of the process; `id` names the request in the answers. */
export type ToChild =
  | {
      readonly kind: 'open';
      readonly options: EngineOptions;
      readonly candidates: Candidates;
      /** Sentences on the providers that earlier processes died of. */
      readonly passedOver: readonly string[];
    }
  | { readonly kind: 'execution' | 'int8Gain'; readonly id: number }
  | { readonly kind: 'load'; readonly id: number; readonly modelId: string }
  | ({ readonly kind: 'run'; readonly id: number; readonly task: EngineTask } & Pick<
      RunOptions,
      'sourceLatents' | 'init'
    >)
  | { readonly kind: 'abort'; readonly id: number };

/** What the process says, with its memory at that time. */
export type FromChild = ChildMessage & {
  /** What the process takes of memory as it says this. */
  readonly memoryBytes: number;
};

/** What ends a request. */
export type Answer = Extract<ChildMessage, { readonly kind: 'result' | 'loaded' | 'execution' | 'int8Gain' }>;

/** What the process has to say. */
export type ChildMessage =
  /** It takes tasks. */
  | { readonly kind: 'opened'; readonly id: 0 }
  /** From here on, until the next, a driver may take the process along. */
  | { readonly kind: 'probing'; readonly id: 0; readonly provider: ExecutionProvider }
  | { readonly kind: 'probed'; readonly id: 0 }
  /** See `activity`. */
  | { readonly kind: 'loading'; readonly id: 0; readonly isLoading: boolean }
  | { readonly kind: 'calling' | 'called'; readonly id: 0; readonly call: NetworkCall }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'loaded'; readonly id: number }
  | { readonly kind: 'execution'; readonly id: number; readonly execution: ExecutionFacts }
  | { readonly kind: 'int8Gain'; readonly id: number; readonly gain: number }
  | { readonly kind: 'result'; readonly id: number; readonly result: RunResult }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError };

/** An EngineError without its class, which structured clone would lose. */
export interface PlainError {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export function encodeError(error: unknown): PlainError {
  if (error instanceof EngineError) return { code: error.code, message: error.message, facts: error.facts };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message: `The engine had an unexpected error: ${message}`, facts: {} };
}

export function decodeError({ code, message, facts }: PlainError): EngineError {
  return new EngineError(code, message, facts);
}
