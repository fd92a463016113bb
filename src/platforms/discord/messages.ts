import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { AttachmentTooLargeError, type ChannelPort, MessageGoneError } from '../port.ts';
import type { BotMessages } from './bot-messages.ts';
import { isGone, isTokenRefused, isTooLarge, toRequestError } from './errors.ts';
import type { Interactions } from './interactions.ts';
import { byteLengthOf } from './render.ts';
import type { TokenMessages } from './token-messages.ts';

/** Easel's messages on Discord: by the bot's own right, or by an interaction's token where it has none. */
export type Messages = Pick<ChannelPort, 'post' | 'edit' | 'delete'>;

export interface MessagesOptions {
  /** By the nonce of the message that is an interaction's answer. */
  readonly interactions: Pick<Interactions, 'find' | 'forget'>;
  readonly botMessages: BotMessages;
  readonly tokenMessages: TokenMessages;
}

export function createMessages({ interactions, botMessages, tokenMessages }: MessagesOptions): Messages {
  async function post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef> {
    const interaction = interactions.find(nonce);
    if (interaction === undefined) {
      return (
        (await tokenMessages.postAgain(channel, reply, nonce)) ?? botMessages.post(channel, reply, nonce, undefined)
      );
    }
    // The interaction of a guest stays: it says how large a file may be.
    if (!interaction.isMember) return tokenMessages.post(channel, reply, nonce, interaction);
    const posted = await botMessages.post(channel, reply, nonce, interaction);
    interactions.forget(interaction);
    return posted;
  }

  return {
    post: (channel, reply, nonce) => inPortTerms(byteLengthOf(reply), () => post(channel, reply, nonce)),
    edit: (message, reply) =>
      inPortTerms(byteLengthOf(reply), async () => {
        if (!(await tokenMessages.edit(message, reply))) await botMessages.edit(message, reply);
      }),
    delete: async (message) => {
      try {
        await inPortTerms(0, async () => {
          if (!(await tokenMessages.delete(message))) await botMessages.delete(message);
        });
      } catch (error) {
        if (!(error instanceof MessageGoneError)) throw error;
      }
    },
  };
}

/** Trouble with Discord in the words of `ChannelPort`. */
async function inPortTerms<Result>(byteLength: number, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MessageGoneError) throw error;
    const requestError = toRequestError(error);
    if (isTooLarge(requestError)) throw new AttachmentTooLargeError(byteLength, { cause: requestError });
    if (isGone(requestError) || isTokenRefused(requestError))
      throw new MessageGoneError(requestError.message, { cause: requestError });
    throw requestError;
  }
}
