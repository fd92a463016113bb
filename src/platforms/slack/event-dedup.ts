import type { ValueStore } from '../../store/port.ts';
import { createRecentIds } from '../shared/recent-ids.ts';

/** Slack delivers again within minutes what it believes lost, within hours what it could not deliver. */
const REMEMBERED_MS = 24 * 60 * 60_000;
const PRUNE_EVERY = 1000;

/** Which events were served, also by earlier processes, so that a person is not answered twice. */
export interface EventDedup {
  /** True once for each event. Never rejects: what the disk does not tell is new. */
  begin(requestId: string): Promise<boolean>;
  /** Whoever did it has their answer. Before, the next process serves it again, which does nothing twice. Never rejects. */
  end(requestId: string): Promise<void>;
}

/** @param ended by event, when it was: milliseconds since the epoch */
export function createEventDedup(ended: ValueStore<number>): EventDedup {
  const begun = createRecentIds();
  let ends = 0;
  return {
    begin: async (requestId) => {
      if (!begun.isNew(requestId)) return false;
      return (await ended.get(requestId).catch(() => undefined)) === undefined;
    },
    end: async (requestId) => {
      const now = Date.now();
      try {
        await ended.set(requestId, now);
        if (ends++ % PRUNE_EVERY === 0) await ended.prune((at) => at < now - REMEMBERED_MS);
      } catch {
        // Then a redelivery after a restart is answered twice.
      }
    },
  };
}
