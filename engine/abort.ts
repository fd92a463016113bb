import { EngineError } from './errors.ts';

/** @throws EngineError `aborted` when the task was cancelled */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted();
}

/**
 * Waits no longer than until the task is cancelled; what it waited for goes on without it.
 * @throws EngineError `aborted`, or what the work throws
 */
export function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(aborted());
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
}

function aborted(): EngineError {
  return new EngineError('aborted', 'The picture was cancelled.');
}
