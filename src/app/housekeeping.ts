import type { Log } from '../lib/log.ts';
import type { ChannelPort } from '../platforms/port.ts';
import type { Idempotency } from '../requests/idempotency.ts';
import type { Store } from '../store/port.ts';
import { prune, type Retention, UNKNOWN_DAYS } from '../store/prune.ts';

/** What is pruned, and how often. */
export interface HousekeepingOptions {
  readonly store: Store;
  readonly idempotency: Idempotency;
  readonly ports: readonly ChannelPort[];
  readonly retention: Retention;
  readonly log: Log;
  /** Milliseconds from the end of one round to the next. @default 3600000 */
  readonly everyMs?: number;
}

/** Prunes in the background, now and then. */
export interface Housekeeping {
  start(): void;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

const HOUR_MS = 60 * 60 * 1000;
const UNKNOWN =
  'some pictures belong to no job in easel.db; if easel.db was lost, stop Easel and restore a backup of it: ' +
  `these pictures are deleted ${UNKNOWN_DAYS} days after they were first found`;

export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { store, idempotency, ports, retention, log, everyMs = HOUR_MS } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;
  let unknown = 0;

  async function clean(): Promise<void> {
    const now = Date.now();
    const messages = ports.flatMap(({ pictures }) => pictures ?? []);
    const removed = await prune({ ...store, messages, retention, now, signal: stopping.signal });
    await idempotency.prune(now);
    if (removed.jobs + removed.pictures + removed.inputs + removed.messages > 0)
      log.info(removed, 'deleted expired data');
    // Said when it changes, not every hour.
    if (removed.unknown > unknown) log.warn({ folders: removed.unknown }, UNKNOWN);
    unknown = removed.unknown;
  }

  function begin(): void {
    round = clean()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted)
          log.warn({ err: error }, 'deleting expired data was interrupted; Easel tries again later');
      })
      .finally(() => {
        if (!stopping.signal.aborted) timer = setTimeout(begin, everyMs).unref();
      });
  }

  return {
    start: begin,
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await round;
    },
  };
}
