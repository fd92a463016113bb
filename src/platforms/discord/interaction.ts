import {
  type APIMessage,
  type APIModalInteractionResponseCallbackData,
  ApplicationCommandType,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
  type RawFile,
  type REST,
  type RESTPostAPIInteractionCallbackWithResponseResult,
} from 'discord.js';
import { MessageGoneError } from '../port.ts';
import { type Callback, createCallback } from './callback.ts';
import { type DiscordRequestError, isTokenRefused } from './errors.ts';
import type { AnswerableInteraction } from './interaction-info.ts';
import type { Outgoing } from './render.ts';
import { createWebhook, type Webhook } from './webhook.ts';

/** One interaction and all that is said to it: acknowledged once, by whatever comes first. */
export interface Interaction {
  readonly payload: AnswerableInteraction;
  /** The bot itself may write in the channel; where it may not, the token is all there is. */
  readonly isMember: boolean;
  /**
   * What is asked for stands as a message of its own beside the message that was pressed, filled in on or chosen from
   * the menu; else it is the answer to a command.
   */
  readonly isSeparateMessage: boolean;
  /** What can be said by the token after the first word. */
  readonly webhook: Webhook;
  /** The message that the token calls its original: the one that was pressed, or the answer. */
  readonly originalId: string | undefined;
  /** Another process with the bot's token had answered before. */
  readonly isAnsweredElsewhere: boolean;
  /** Settles with the first word, whatever Discord says to it. */
  readonly firstResponse: Promise<void>;
  /**
   * The message as the answer to a command: at once, or in the place that was kept for it. Undefined when no answer can
   * be given that way, or when it was given already. @throws DiscordTroubleError
   */
  answer(message: Outgoing): Promise<APIMessage | undefined>;
  /** Seen by the one person only. @throws DiscordTroubleError */
  replyPrivately(message: Outgoing): Promise<void>;
  /** False when it is too late for a form. */
  openForm(modal: APIModalInteractionResponseCallbackData): Promise<boolean>;
  /** Acknowledges without saying anything yet, if nothing was said: a command shows that it is thinking. */
  acknowledge(): Promise<void>;
  /** Takes away the place kept for an answer that does not come. */
  discardPlaceholder(): Promise<void>;
}

export interface InteractionOptions {
  readonly payload: AnswerableInteraction;
  readonly isMember: boolean;
  readonly rest: REST;
  /** Told when Discord does not take the acknowledgement, but for another process that had answered before. */
  readonly onRefused: (requestError: DiscordRequestError) => void;
}

/** A place kept for an answer, still empty: everybody sees that Easel is thinking, or the one person only. */
type Placeholder = 'public' | 'private' | undefined;

export function createInteraction({ payload, isMember, rest, onRefused }: InteractionOptions): Interaction {
  const { id, token, application_id: applicationId } = payload;
  const pressed = 'message' in payload ? payload.message : undefined;
  const isFromMenu =
    payload.type === InteractionType.ApplicationCommand && payload.data.type === ApplicationCommandType.Message;
  /** Only a message of the bot's own can be a reply to the one that was chosen; where it is a guest, it answers. */
  const isSeparateMessage = pressed !== undefined || (isFromMenu && isMember);
  const callback: Callback = createCallback({ rest, id, token });
  const webhook = createWebhook(rest, { applicationId, token });
  let acknowledged: Promise<'taken' | 'lost'> | undefined;
  let placeholder: Placeholder;
  let isAnsweredElsewhere = false;
  let answered: APIMessage | undefined;
  let settleFirstResponse = () => {};
  const firstResponse = new Promise<void>((resolve) => {
    settleFirstResponse = resolve;
  });

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
    settleFirstResponse();
    switch (result.kind) {
      case 'taken':
        answered = (result.response as RESTPostAPIInteractionCallbackWithResponseResult | undefined)?.resource?.message;
        // An attempt whose response was lost has said it.
        if (type === InteractionResponseType.ChannelMessageWithSource) answered ??= await webhook.fetchOriginal();
        return 'taken';
      case 'answered_elsewhere':
        webhook.close();
        return 'lost';
      case 'lost':
        if (isTokenRefused(result.trouble)) webhook.close();
        onRefused(result.trouble);
        return 'lost';
    }
  }

  async function discardPlaceholder(): Promise<void> {
    if (placeholder === undefined) return;
    placeholder = undefined;
    if ((await acknowledged) === 'lost') return;
    await webhook.delete(undefined);
  }

  async function answer(message: Outgoing): Promise<APIMessage | undefined> {
    if (isSeparateMessage || !webhook.isOpen) return undefined;
    if (acknowledged === undefined) {
      await callBack(InteractionResponseType.ChannelMessageWithSource, message.body, message.files);
      return answered;
    }
    const hadPlace = placeholder === 'public';
    placeholder = undefined;
    if ((await acknowledged) === 'lost' || !hadPlace) return undefined;
    answered = await webhook.edit(undefined, message);
    return answered;
  }

  async function replyPrivately({ body, files }: Outgoing): Promise<void> {
    const message = { body: { ...body, flags: body.flags | MessageFlags.Ephemeral }, files };
    if (acknowledged === undefined) {
      return callBack(InteractionResponseType.ChannelMessageWithSource, message.body, files);
    }
    if ((await acknowledged) === 'lost') return;
    if (placeholder === 'private') {
      placeholder = undefined;
      await webhook.edit(undefined, { body, files });
      return;
    }
    // The first message after a kept place would take that place, for all to see.
    await discardPlaceholder();
    await webhook.post(message);
  }

  async function acknowledge(): Promise<void> {
    if (acknowledged !== undefined) {
      await acknowledged;
      return;
    }
    if (pressed !== undefined) return callBack(InteractionResponseType.DeferredMessageUpdate);
    placeholder = isSeparateMessage ? 'private' : 'public';
    const data = isSeparateMessage ? { flags: MessageFlags.Ephemeral } : undefined;
    await callBack(InteractionResponseType.DeferredChannelMessageWithSource, data);
  }

  return {
    ...{
      payload,
      isMember,
      isSeparateMessage,
      webhook,
      firstResponse,
      answer,
      replyPrivately,
      acknowledge,
      discardPlaceholder,
    },
    get originalId() {
      return pressed?.id ?? answered?.id;
    },
    get isAnsweredElsewhere() {
      return isAnsweredElsewhere;
    },
    openForm: async (modal) => {
      if (acknowledged !== undefined) return false;
      await callBack(InteractionResponseType.Modal, modal);
      return true;
    },
  };
}

/** What another process has answered, it also shows. @throws MessageGoneError */
export function refuseAnsweredElsewhere(interaction: Interaction | undefined): void {
  if (interaction?.isAnsweredElsewhere === true) throw new MessageGoneError('another process has answered');
}
