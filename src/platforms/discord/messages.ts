import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { AttachmentTooLargeError, type ChannelPort, MessageGoneError } from '../port.ts';
import type { Exchanges } from './exchanges.ts';
import { isGone, isTokenTrouble, isTooLarge, toTrouble } from './failures.ts';
import type { GuestMessages } from './guest-messages.ts';
import type { OwnMessages } from './own-messages.ts';
import { byteLengthOf } from './render.ts';

/** Easel's messages on Discord: by the bot's own right, or by an interaction's token where it has none. */
export type Messages = Pick<ChannelPort, 'post' | 'edit' | 'delete'>;

export interface MessagesOptions {
  /** By the nonce of the message that is an exchange's answer. */
  readonly exchanges: Pick<Exchanges, 'find' | 'forget'>;
  readonly own: OwnMessages;
  readonly guest: GuestMessages;
}

export function createMessages({ exchanges, own, guest }: MessagesOptions): Messages {
  async function post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef> {
    const exchange = exchanges.find(nonce);
    if (exchange === undefined) {
      return (await guest.postAgain(channel, reply, nonce)) ?? own.post(channel, reply, nonce, undefined);
    }
    // The exchange of a guest stays: it says how large a file may be.
    if (!exchange.isMember) return guest.post(channel, reply, nonce, exchange);
    const posted = await own.post(channel, reply, nonce, exchange);
    exchanges.forget(exchange);
    return posted;
  }

  return {
    post: (channel, reply, nonce) => inPortTerms(byteLengthOf(reply), () => post(channel, reply, nonce)),
    edit: (message, reply) =>
      inPortTerms(byteLengthOf(reply), async () => {
        if (!(await guest.edit(message, reply))) await own.edit(message, reply);
      }),
    delete: async (message) => {
      try {
        await inPortTerms(0, async () => {
          if (!(await guest.delete(message))) await own.delete(message);
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
    const trouble = toTrouble(error);
    if (isTooLarge(trouble)) throw new AttachmentTooLargeError(byteLength, { cause: trouble });
    if (isGone(trouble) || isTokenTrouble(trouble)) throw new MessageGoneError(trouble.message, { cause: trouble });
    throw trouble;
  }
}
