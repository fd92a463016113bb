import { setTimeout as sleep } from 'node:timers/promises';
import type { APIApplicationCommandOptionChoice, APIModalInteractionResponseCallbackData } from 'discord.js';
import type { Clock } from './clock.ts';
import { refuse } from './discord-error.ts';
import type { Channel, Person } from './world.ts';

/** Discord waits this long for the first word. */
const ACKNOWLEDGE_WITHIN_MS = 3000;
/** A token works for this long after the interaction. */
const TOKEN_LIFETIME_MS = 15 * 60_000;

export type InteractionKind = 'command' | 'message_command' | 'button' | 'modal' | 'autocomplete';

/** One thing that a person did, and what came of it. */
export interface EmulatedInteraction {
  readonly id: string;
  readonly token: string;
  readonly kind: InteractionKind;
  readonly person: Person;
  readonly channel: Channel;
  /** `/imagine`, or the title of a message command. */
  readonly command: string | undefined;
  readonly at: number;
  acknowledgedAt: number | undefined;
  /** The answer is for the person only, whatever else is said. */
  isPrivate: boolean;
  /** What the token calls `@original`. */
  originalId: string | undefined;
  modal: APIModalInteractionResponseCallbackData | undefined;
  choices: readonly APIApplicationCommandOptionChoice[] | undefined;
  /** The person saw "The application did not respond". */
  hasFailed: boolean;
}

export interface Interactions {
  open(
    asked: Pick<EmulatedInteraction, 'id' | 'kind' | 'person' | 'channel' | 'command'> & { originalId?: string },
  ): EmulatedInteraction;
  /** The one first word. @throws DiscordError 10062 when it is late or unknown, 40060 when there was one */
  acknowledge(id: string, token: string): EmulatedInteraction;
  /** For all that is said later. @throws DiscordError 50027 when the token is dead, 10015 when it is not known */
  byToken(token: string): EmulatedInteraction;
  all(): readonly EmulatedInteraction[];
  /** Settles with the first word, or when it is too late for one. */
  settled(asked: EmulatedInteraction): Promise<EmulatedInteraction>;
}

export function createInteractions(clock: Clock): Interactions {
  const byId = new Map<string, EmulatedInteraction>();
  const byToken = new Map<string, EmulatedInteraction>();
  const waiting = new Map<string, () => void>();

  return {
    open: ({ originalId, ...asked }) => {
      const token = `aW50ZXJhY3Rpb24-${asked.id}-${Math.random().toString(36).slice(2).padEnd(12, 'x')}`;
      const opened: EmulatedInteraction = {
        ...asked,
        token,
        at: clock.now(),
        acknowledgedAt: undefined,
        isPrivate: false,
        originalId,
        modal: undefined,
        choices: undefined,
        hasFailed: false,
      };
      byId.set(asked.id, opened);
      byToken.set(token, opened);
      return opened;
    },
    acknowledge: (id, token) => {
      const asked = byId.get(id);
      if (asked === undefined || asked.token !== token) throw refuse.unknownInteraction();
      if (asked.acknowledgedAt !== undefined) throw refuse.alreadyAcknowledged();
      if (clock.now() - asked.at > ACKNOWLEDGE_WITHIN_MS) {
        asked.hasFailed = true;
        throw refuse.unknownInteraction();
      }
      asked.acknowledgedAt = clock.now();
      waiting.get(id)?.();
      waiting.delete(id);
      return asked;
    },
    byToken: (token) => {
      const asked = byToken.get(token);
      if (asked === undefined || asked.acknowledgedAt === undefined) throw refuse.unknownWebhook();
      if (clock.now() - asked.at > TOKEN_LIFETIME_MS) throw refuse.invalidWebhookToken();
      return asked;
    },
    all: () => [...byId.values()],
    settled: async (asked) => {
      const word = new Promise<void>((resolve) => waiting.set(asked.id, resolve));
      while (asked.acknowledgedAt === undefined) {
        const leftMs = asked.at + ACKNOWLEDGE_WITHIN_MS - clock.now();
        if (leftMs < 0) break;
        const limit = new AbortController();
        // The clock may be slower than the timer.
        const late = sleep(leftMs + 1, undefined, { signal: limit.signal }).catch(() => undefined);
        await Promise.race([word, late]);
        limit.abort();
      }
      asked.hasFailed = asked.acknowledgedAt === undefined;
      return asked;
    },
  };
}
