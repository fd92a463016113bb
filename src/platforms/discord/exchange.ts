import {
  type APIMessage,
  type APIModalInteractionResponseCallbackData,
  InteractionResponseType,
  MessageFlags,
  type RawFile,
  type REST,
  type RESTPostAPIInteractionCallbackWithResponseResult,
  Routes,
} from 'discord.js';
import { type DiscordTroubleError, isTokenTrouble, toTrouble } from './failures.ts';
import type { Asking } from './inbound.ts';
import type { Outgoing } from './render.ts';

/** Discord waits this long for an acknowledgement. */
const ACKNOWLEDGE_WITHIN_MS = 3000;
const FOLLOW_UP_LIMIT_MS = 30_000;
/** Discord's interaction tokens live 15 minutes. */
export const TOKEN_LIFETIME_MS = 15 * 60_000;

/** What became of the acknowledgement: Discord took it, or it came too late, or nobody knows. */
type Acknowledgement = 'taken' | 'lost';

/**
 * One interaction and all that is said to it: acknowledged once, by whatever comes first. A token is never used again
 * after Discord has refused it.
 */
export interface Exchange {
  readonly interaction: Asking;
  /** Pressed or filled in on a message that stands already; else a command, whose answer is a new message. */
  readonly isOnMessage: boolean;
  /** The token works, as far as is known. */
  readonly isOpen: boolean;
  /**
   * The message as the answer to a command: at once, or in the place that was kept for it. Undefined when no answer can
   * be given that way, or when it was given already. @throws DiscordTroubleError
   */
  answer(message: Outgoing): Promise<APIMessage | undefined>;
  /** Seen by the one person only. @throws DiscordTroubleError */
  tell(message: Outgoing): Promise<void>;
  /** False when it is too late for a form. */
  openForm(modal: APIModalInteractionResponseCallbackData): Promise<boolean>;
  /** Acknowledges without saying anything yet: a command shows that it is thinking. */
  acknowledge(): Promise<void>;
  /** Takes away the place kept for an answer that does not come. */
  giveUp(): Promise<void>;
  /** A new message by the token. Undefined when the token is refused. @throws DiscordTroubleError */
  followUp(message: Outgoing): Promise<APIMessage | undefined>;
  /** @throws DiscordTroubleError */
  edit(messageId: string, message: Outgoing): Promise<void>;
  /** @throws DiscordTroubleError */
  delete(messageId: string): Promise<void>;
}

export interface ExchangeOptions {
  readonly interaction: Asking;
  readonly rest: REST;
  /** Told when Discord does not take the acknowledgement. */
  readonly onRefused: (trouble: DiscordTroubleError) => void;
}

export function createExchange({ interaction, rest, onRefused }: ExchangeOptions): Exchange {
  const { id, token, application_id: applicationId } = interaction;
  const isOnMessage = 'message' in interaction && interaction.message !== undefined;
  const born = performance.now();
  let acknowledged: Promise<Acknowledgement> | undefined;
  /** A place was kept for an answer, and is still empty. */
  let isPlaceKept = false;
  let isOpen = true;
  let answered: APIMessage | undefined;

  const webhook = (messageId?: string) =>
    messageId === undefined
      ? Routes.webhook(applicationId, token)
      : Routes.webhookMessage(applicationId, token, messageId === ownMessageId() ? '@original' : messageId);
  /** The message that the token calls its original. */
  const ownMessageId = () => (isOnMessage ? interaction.message?.id : answered?.id);

  /** The first word to Discord. Only the first caller gets to send one: it sets `acknowledged` before anything waits. */
  async function callBack(type: InteractionResponseType, data?: object, files: RawFile[] = []): Promise<void> {
    const sent = sendCallback(type, data, files);
    acknowledged = sent.catch(() => 'lost' as const);
    try {
      await sent;
    } catch (error) {
      // Discord did not like what was said, not when: the interaction still waits for a first word.
      acknowledged = undefined;
      throw error;
    }
  }

  async function sendCallback(
    type: InteractionResponseType,
    data: object | undefined,
    files: RawFile[],
  ): Promise<Acknowledgement> {
    try {
      const left = ACKNOWLEDGE_WITHIN_MS - (performance.now() - born);
      const response = (await rest.post(Routes.interactionCallback(id, token), {
        auth: false,
        body: { type, ...(data !== undefined && { data }) },
        files,
        query: new URLSearchParams({ with_response: 'true' }),
        signal: AbortSignal.timeout(Math.max(1, left)),
      })) as RESTPostAPIInteractionCallbackWithResponseResult | undefined;
      answered = response?.resource?.message;
      return 'taken';
    } catch (error) {
      const trouble = toTrouble(error);
      if (isRefusedContent(trouble)) throw trouble;
      isOpen &&= !isTokenTrouble(trouble);
      onRefused(trouble);
      return 'lost';
    }
  }

  /** @returns undefined when the token is refused. @throws DiscordTroubleError for any other trouble */
  async function byToken<Result>(work: () => Promise<unknown>): Promise<Result | undefined> {
    if (!isOpen) return undefined;
    try {
      return (await work()) as Result;
    } catch (error) {
      const trouble = toTrouble(error);
      if (!isTokenTrouble(trouble)) throw trouble;
      isOpen = false;
      return undefined;
    }
  }

  function followUp({ body, files }: Outgoing): Promise<APIMessage | undefined> {
    const query = new URLSearchParams({ wait: 'true' });
    return byToken(() => rest.post(webhook(), { auth: false, body, files, query, signal: soon() }));
  }

  async function giveUp(): Promise<void> {
    if (!isPlaceKept) return;
    isPlaceKept = false;
    await byToken(() => rest.delete(Routes.webhookMessage(applicationId, token), { auth: false, signal: soon() }));
  }

  async function answer({ body, files }: Outgoing): Promise<APIMessage | undefined> {
    if (isOnMessage || !isOpen) return undefined;
    if (acknowledged === undefined) {
      await callBack(InteractionResponseType.ChannelMessageWithSource, body, files);
      return answered;
    }
    const keptPlace = isPlaceKept;
    isPlaceKept = false;
    if ((await acknowledged) === 'lost' || !keptPlace) return undefined;
    const route = Routes.webhookMessage(applicationId, token);
    answered = await byToken(() => rest.patch(route, { auth: false, body, files, signal: soon() }));
    return answered;
  }

  return {
    interaction,
    isOnMessage,
    get isOpen() {
      return isOpen;
    },
    answer,
    followUp,
    giveUp,
    tell: async ({ body, files }) => {
      const message = { body: { ...body, flags: body.flags | MessageFlags.Ephemeral }, files };
      if (acknowledged === undefined) {
        await callBack(InteractionResponseType.ChannelMessageWithSource, message.body, files);
        return;
      }
      if ((await acknowledged) === 'lost') return;
      // The first message after a kept place would take that place, for all to see.
      await giveUp();
      await followUp(message);
    },
    openForm: async (modal) => {
      if (acknowledged !== undefined) return false;
      await callBack(InteractionResponseType.Modal, modal);
      return true;
    },
    acknowledge: async () => {
      if (acknowledged === undefined && isOnMessage) {
        await callBack(InteractionResponseType.DeferredMessageUpdate);
      } else if (acknowledged === undefined) {
        isPlaceKept = true;
        await callBack(InteractionResponseType.DeferredChannelMessageWithSource);
      }
    },
    edit: async (messageId, { body, files }) => {
      await acknowledged;
      const edited = await byToken(() => rest.patch(webhook(messageId), { auth: false, body, files, signal: soon() }));
      if (edited === undefined) throw expired();
    },
    delete: async (messageId) => {
      await acknowledged;
      await byToken(() => rest.delete(webhook(messageId), { auth: false, signal: soon() }));
      if (!isOpen) throw expired();
    },
  };

  function expired(): DiscordTroubleError {
    return toTrouble(`the token of interaction ${id} has expired`);
  }
}

function isRefusedContent(trouble: DiscordTroubleError): boolean {
  const { status } = trouble;
  return status !== undefined && status >= 400 && status < 500 && status !== 429 && !isTokenTrouble(trouble);
}

function soon(): AbortSignal {
  return AbortSignal.timeout(FOLLOW_UP_LIMIT_MS);
}
