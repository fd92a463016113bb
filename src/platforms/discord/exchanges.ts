import { jobIdOf } from '../../core/job-id.ts';
import type { Exchange } from './exchange.ts';

/** Interactions that were seen, and of those that are under way as many. */
const REMEMBERED = 5000;

/** The interactions of late, by the nonce of the message that each of them may lead to. */
export interface Exchanges {
  /** False for one that was here before: Discord delivers an event again after a reconnect. */
  isNew(interactionId: string): boolean;
  keep(exchange: Exchange): void;
  find(nonce: string): Exchange | undefined;
  /** All is said: no message will come of it, or the message stands and the bot itself may edit it. */
  forget(exchange: Exchange): void;
  /** Takes away every place that is kept for an answer which this process will not give any more. */
  giveUpAll(): Promise<void>;
}

/** @param tokenLifetimeMs how long an interaction is of use */
export function createExchanges(tokenLifetimeMs: number): Exchanges {
  const seen = new Set<string>();
  const kept = new Map<string, { readonly exchange: Exchange; readonly until: number }>();

  function dropOld(): void {
    for (const [nonce, { until }] of kept) {
      if (kept.size <= REMEMBERED && until > performance.now()) return;
      kept.delete(nonce);
    }
  }

  return {
    isNew: (interactionId) => {
      if (seen.has(interactionId)) return false;
      seen.add(interactionId);
      const [oldest] = seen;
      if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
      return true;
    },
    keep: (exchange) => {
      kept.set(nonceOf(exchange), { exchange, until: performance.now() + tokenLifetimeMs });
      dropOld();
    },
    find: (nonce) => kept.get(nonce)?.exchange,
    forget: (exchange) => void kept.delete(nonceOf(exchange)),
    giveUpAll: async () => {
      await Promise.allSettled(Array.from(kept.values(), ({ exchange }) => exchange.giveUp()));
    },
  };
}

function nonceOf({ interaction }: Exchange): string {
  return jobIdOf('discord', interaction.id);
}
