import { jobIdOf } from '../../core/job-id.ts';
import { createRecentIds } from '../shared/recent-ids.ts';
import type { Interaction } from './interaction.ts';

/** Interactions that are under way. */
const REMEMBERED = 5000;

/** The interactions of late, by the nonce of the message that each of them may lead to. */
export interface Interactions {
  /** False for one that was here before: Discord delivers an event again after a reconnect. */
  isNew(interactionId: string): boolean;
  keep(interaction: Interaction): void;
  find(nonce: string): Interaction | undefined;
  /** All is said: no message will come of it, or the message stands and the bot itself may edit it. */
  forget(interaction: Interaction): void;
  /** Takes away every place that is kept for an answer which this process will not give any more. */
  discardPlaceholders(): Promise<void>;
}

/** @param tokenLifetimeMs how long an interaction is of use */
export function createInteractions(tokenLifetimeMs: number): Interactions {
  const seen = createRecentIds();
  const kept = new Map<string, { readonly interaction: Interaction; readonly until: number }>();

  function dropOld(): void {
    for (const [nonce, { until }] of kept) {
      if (kept.size <= REMEMBERED && until > performance.now()) return;
      kept.delete(nonce);
    }
  }

  return {
    isNew: seen.isNew,
    keep: (interaction) => {
      kept.set(nonceOf(interaction), { interaction, until: performance.now() + tokenLifetimeMs });
      dropOld();
    },
    find: (nonce) => kept.get(nonce)?.interaction,
    forget: (interaction) => void kept.delete(nonceOf(interaction)),
    discardPlaceholders: async () => {
      await Promise.allSettled(Array.from(kept.values(), ({ interaction }) => interaction.discardPlaceholder()));
    },
  };
}

function nonceOf({ payload }: Interaction): string {
  return jobIdOf('discord', payload.id);
}
