import {
  type APIMessage,
  type APIModalInteractionResponseCallbackData,
  ApplicationCommandType,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
  type RawFile,
  type REST,
  RESTJSONErrorCodes,
  type RESTPostAPIInteractionCallbackWithResponseResult,
  Routes,
} from 'discord.js';
import { type Callback, createCallback } from './callback.ts';
import { DiscordTroubleError, isTokenTrouble, toTrouble } from './failures.ts';
import type { Asking } from './inbound.ts';
import type { Outgoing } from './render.ts';

const FOLLOW_UP_LIMIT_MS = 30_000;
const INVALID_WEBHOOK_TOKEN = RESTJSONErrorCodes.InvalidWebhookToken;

/**
 * One interaction and all that is said to it: acknowledged once, by whatever comes first. A token is never used again
 * after Discord has refused it.
 */
export interface Exchange {
  readonly interaction: Asking;
  /** The bot itself may write in the channel; where it may not, the token is all there is. */
  readonly isMember: boolean;
  /**
   * What is asked for stands as a message of its own beside the message that was pressed, filled in on or chosen from
   * the menu; else it is the answer to a command.
   */
  readonly isBeside: boolean;
  /** The token works, as far as is known. */
  readonly isOpen: boolean;
  /** Another process with the bot's token had answered before. */
  readonly isAnsweredElsewhere: boolean;
  /** Settles with the first word, whatever Discord says to it. */
  readonly firstWord: Promise<void>;
  /**
   * The message as the answer to a command: at once, or in the place that was kept for it. Undefined when no answer can
   * be given that way, or when it was given already. @throws DiscordTroubleError
   */
  answer(message: Outgoing): Promise<APIMessage | undefined>;
  /** Seen by the one person only. @throws DiscordTroubleError */
  tell(message: Outgoing): Promise<void>;
  /** False when it is too late for a form. */
  openForm(modal: APIModalInteractionResponseCallbackData): Promise<boolean>;
  /** Acknowledges without saying anything yet, if nothing was said: a command shows that it is thinking. */
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
  readonly isMember: boolean;
  readonly rest: REST;
  /** Told when Discord does not take the acknowledgement, but for another process that had answered before. */
  readonly onRefused: (trouble: DiscordTroubleError) => void;
}

/** A place kept for an answer, still empty: everybody sees that Easel is thinking, or the one person only. */
type Place = 'public' | 'private' | undefined;

export function createExchange({ interaction, isMember, rest, onRefused }: ExchangeOptions): Exchange {
  const { id, token, application_id: applicationId } = interaction;
  const pressed = 'message' in interaction ? interaction.message : undefined;
  const isFromMenu =
    interaction.type === InteractionType.ApplicationCommand && interaction.data.type === ApplicationCommandType.Message;
  /** Only a message of the bot's own can be a reply to the one that was chosen; where it is a guest, it answers. */
  const isBeside = pressed !== undefined || (isFromMenu && isMember);
  const callback: Callback = createCallback({ rest, id, token });
  let acknowledged: Promise<'taken' | 'lost'> | undefined;
  let place: Place;
  let isOpen = true;
  let isAnsweredElsewhere = false;
  let answered: APIMessage | undefined;
  let settleFirstWord = () => {};
  const firstWord = new Promise<void>((resolve) => {
    settleFirstWord = resolve;
  });

  const webhook = (messageId?: string) => Routes.webhookMessage(applicationId, token, messageId);
  /** The message that the token calls its original. */
  const ownMessageId = () => pressed?.id ?? answered?.id;
  const route = (messageId: string) => webhook(messageId === ownMessageId() ? undefined : messageId);

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
  ): Promise<'taken' | 'lost'> {
    const result = await callback({ type, ...(data !== undefined && { data }) }, files);
    isAnsweredElsewhere = result.kind === 'answered_elsewhere';
    settleFirstWord();
    switch (result.kind) {
      case 'taken':
        answered = (result.response as RESTPostAPIInteractionCallbackWithResponseResult | undefined)?.resource?.message;
        if (type === InteractionResponseType.ChannelMessageWithSource) answered ??= await fetchAnswer();
        return 'taken';
      case 'answered_elsewhere':
        isOpen = false;
        return 'lost';
      case 'lost':
        isOpen &&= !isTokenTrouble(result.trouble);
        onRefused(result.trouble);
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
    const address = Routes.webhook(applicationId, token);
    return byToken(() => rest.post(address, { auth: false, body, files, query, signal: soon() }));
  }

  /** What an attempt has said whose response was lost. */
  function fetchAnswer(): Promise<APIMessage | undefined> {
    return byToken(() => rest.get(webhook(), { auth: false, signal: soon() }));
  }

  /** The answer in the kept place. */
  function fill({ body, files }: Outgoing): Promise<APIMessage | undefined> {
    return byToken(() => rest.patch(webhook(), { auth: false, body, files, signal: soon() }));
  }

  async function giveUp(): Promise<void> {
    if (place === undefined) return;
    place = undefined;
    if ((await acknowledged) === 'lost') return;
    await byToken(() => rest.delete(webhook(), { auth: false, signal: soon() }));
  }

  async function answer(message: Outgoing): Promise<APIMessage | undefined> {
    if (isBeside || !isOpen) return undefined;
    if (acknowledged === undefined) {
      await callBack(InteractionResponseType.ChannelMessageWithSource, message.body, message.files);
      return answered;
    }
    const hadPlace = place === 'public';
    place = undefined;
    if ((await acknowledged) === 'lost' || !hadPlace) return undefined;
    answered = await fill(message);
    return answered;
  }

  return {
    interaction,
    isMember,
    isBeside,
    get isOpen() {
      return isOpen;
    },
    get isAnsweredElsewhere() {
      return isAnsweredElsewhere;
    },
    firstWord,
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
      if (place === 'private') {
        place = undefined;
        await fill({ body, files });
        return;
      }
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
      if (acknowledged !== undefined) {
        await acknowledged;
        return;
      }
      if (pressed !== undefined) return callBack(InteractionResponseType.DeferredMessageUpdate);
      place = isBeside ? 'private' : 'public';
      const data = isBeside ? { flags: MessageFlags.Ephemeral } : undefined;
      await callBack(InteractionResponseType.DeferredChannelMessageWithSource, data);
    },
    edit: async (messageId, { body, files }) => {
      await acknowledged;
      const edited = await byToken(() => rest.patch(route(messageId), { auth: false, body, files, signal: soon() }));
      if (edited === undefined) throw expired();
    },
    delete: async (messageId) => {
      await acknowledged;
      await byToken(() => rest.delete(route(messageId), { auth: false, signal: soon() }));
      if (!isOpen) throw expired();
    },
  };

  /** As Discord says it of a token that it does not know any more. */
  function expired(): DiscordTroubleError {
    return new DiscordTroubleError(`the token of interaction ${id} has expired`, 401, INVALID_WEBHOOK_TOKEN);
  }
}

function soon(): AbortSignal {
  return AbortSignal.timeout(FOLLOW_UP_LIMIT_MS);
}
