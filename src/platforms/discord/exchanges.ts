import { jobIdOf } from '../../core/job-id.ts';
import type { Exchange } from './exchange.ts';

const REMEMBERED = 5000;

/** The interactions of late, by the nonce of the message that each of them may lead to. */
export interface Exchanges {
  /** False for one that was here before: Discord delivers an event again after a reconnect. */
  isNew(interactionId: string): boolean;
  keep(exchange: Exchange): void;
  find(nonce: string): Exchange | undefined;
  /** Takes away every place that is kept for an answer which this process will not give any more. */
  giveUpAll(): Promise<void>;
}

export function createExchanges(): Exchanges {
  const seen = new Set<string>();
  const byNonce = new Map<string, Exchange>();
  return {
    isNew: (interactionId) => {
      if (seen.has(interactionId)) return false;
      seen.add(interactionId);
      const [oldest] = seen;
      if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
      return true;
    },
    keep: (exchange) => {
      byNonce.set(jobIdOf('discord', exchange.interaction.id), exchange);
      const [oldest] = byNonce.keys();
      if (byNonce.size > REMEMBERED && oldest !== undefined) byNonce.delete(oldest);
    },
    find: (nonce) => byNonce.get(nonce),
    giveUpAll: async () => {
      await Promise.allSettled(Array.from(byNonce.values(), (exchange) => exchange.giveUp()));
    },
  };
}
