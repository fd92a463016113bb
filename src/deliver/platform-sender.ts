import PQueue from 'p-queue';
import pTimeout from 'p-timeout';

/** How much a platform takes, and how long it may take. */
export interface PlatformSenderOptions {
  /** Calls to the platform under way at once. */
  readonly maxCalls: number;
  /** A call that takes longer is taken for lost, and made again. Milliseconds. @default 300000 */
  readonly callLimitMs?: number;
  /** First pause of a platform that does not answer, in milliseconds; it doubles up to `MAX_PAUSE_MS`. @default 1000 */
  readonly firstPauseMs?: number;
  /** @param isDown whether the platform answers nobody, which is then asked by one call at a time. */
  readonly onChange: (isDown: boolean) => void;
}

/** Carries the messages of one platform: so many at once, and while it is down one by one, less and less often. */
export interface PlatformSender {
  /**
   * Does `work` when there is a place for it. @param jobMessage whose work it is @param isUrgent goes before what is not
   * @param work false when it failed
   */
  enqueue(jobMessage: string, isUrgent: boolean, work: () => Promise<boolean>): Promise<void>;
  /** @param onLate told when a call that was given up has come through after all @throws CallTimeoutError */
  call<Result>(call: () => Promise<Result>, onLate: () => void): Promise<Result>;
  /** Nothing that waits begins any more. */
  stop(): void;
}

/** A platform did not answer a call in time: whether it was done is unknown. */
export class CallTimeoutError extends Error {
  override readonly name = 'CallTimeoutError';
}

const CALL_LIMIT_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** Messages that fail one after the other, with none that succeeds between, before the platform is taken for down. */
const FAILED_MESSAGES = 3;

/** A sender that takes its platform for up. */
export function createPlatformSender(options: PlatformSenderOptions): PlatformSender {
  const { maxCalls, callLimitMs = CALL_LIMIT_MS, firstPauseMs = FIRST_PAUSE_MS, onChange } = options;
  const lane = new PQueue({ concurrency: maxCalls });
  const failed = new Set<string>();
  let pauseMs = firstPauseMs;
  let resuming: NodeJS.Timeout | undefined;
  let stopped = false;

  const isDown = () => failed.size >= FAILED_MESSAGES;

  function succeed(): void {
    const wasDown = isDown();
    failed.clear();
    pauseMs = firstPauseMs;
    if (!wasDown) return;
    lane.concurrency = maxCalls;
    onChange(false);
  }

  function fail(jobMessage: string): void {
    const wasDown = isDown();
    failed.add(jobMessage);
    if (!isDown()) return;
    if (!wasDown) onChange(true);
    lane.concurrency = 1;
    if (resuming !== undefined || stopped) return;
    lane.pause();
    resuming = setTimeout(() => {
      resuming = undefined;
      lane.start();
    }, pauseMs);
    pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
  }

  return {
    enqueue: (jobMessage, isUrgent, work) =>
      lane.add(
        async () => {
          if (stopped) return;
          if (await work()) succeed();
          else fail(jobMessage);
        },
        { priority: isUrgent ? 1 : 0 },
      ),
    call: async (call, onLate) => {
      const answer = call();
      return pTimeout(answer, {
        milliseconds: callLimitMs,
        fallback: () => {
          answer.then(onLate, () => undefined);
          throw new CallTimeoutError(`the platform did not answer within ${callLimitMs} ms`);
        },
      });
    },
    stop: () => {
      stopped = true;
      clearTimeout(resuming);
      lane.start();
    },
  };
}
