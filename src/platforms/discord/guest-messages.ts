import type { REST } from 'discord.js';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { MessageGoneError } from '../port.ts';
import { userOf } from './asking.ts';
import { sendDirectly } from './direct-messages.ts';
import { type Exchange, refuseAnsweredElsewhere } from './exchange.ts';
import { isGone, toTrouble } from './failures.ts';
import { isEnd, type Lender } from './loan.ts';
import type { Loans } from './loans.ts';
import type { OwnMessages } from './own-messages.ts';
import { type Outgoing, renderReply } from './render.ts';

/**
 * Messages in places where the bot itself may not write, by the token of an interaction. Once that is dead, the result
 * goes to the person who asked as a direct message, where Discord allows one; what is said of it later goes there, too.
 */
export interface GuestMessages {
  post(channel: ChannelRef, reply: Reply, nonce: string, exchange: Exchange): Promise<MessageRef>;
  /** What an earlier process began to post; undefined when it was no guest there. */
  postAgain(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef | undefined>;
  /** False for a message of the bot's own right. */
  edit(message: MessageRef, reply: Reply): Promise<boolean>;
  /** False for a message of the bot's own right. */
  delete(message: MessageRef): Promise<boolean>;
}

export interface GuestMessagesOptions {
  readonly rest: REST;
  readonly loans: Loans;
  readonly own: OwnMessages;
}

export function createGuestMessages({ rest, loans, own }: GuestMessagesOptions): GuestMessages {
  /** @throws MessageGoneError where Discord allows no direct message */
  async function sayDirectly(personId: string, reply: Reply, nonce: string): Promise<MessageRef> {
    const { parent: _, ...plain } = reply;
    const sent = await sendDirectly(rest, personId, renderReply(plain), nonce);
    if (sent === undefined) throw new MessageGoneError('the token that could write there has expired');
    return sent;
  }

  async function sayDirectlyInstead(reply: Reply, nonce: string, personId: string): Promise<MessageRef> {
    const sent = await sayDirectly(personId, reply, nonce);
    await loans.forget(nonce);
    return sent;
  }

  async function moveToDirect({ messageId }: MessageRef, reply: Reply, { loan }: Lender): Promise<void> {
    // What is under way is told when it is done; what was cancelled needs no message of its own.
    if (!isEnd(reply)) return;
    if (reply.state === 'cancelled') return loans.remember(messageId, reply);
    await loans.move(messageId, loan, await sayDirectly(loan.personId, reply, loan.nonce));
  }

  return {
    post: async (channel, reply, nonce, exchange) => {
      await loans.expect(nonce, exchange);
      const messageId = await say(exchange, renderReply(reply));
      if (exchange.isAnsweredElsewhere) await loans.forget(nonce);
      refuseAnsweredElsewhere(exchange);
      if (messageId === undefined) return sayDirectlyInstead(reply, nonce, userOf(exchange.interaction).id);
      await loans.note(messageId, exchange, nonce);
      await loans.remember(messageId, reply);
      return { channel, messageId };
    },
    postAgain: async (channel, reply, nonce) => {
      const lender = await loans.findExpected(nonce);
      if (lender === undefined) return undefined;
      const messageId = lender.isClosed ? undefined : await sayAgain(lender, renderReply(reply));
      if (messageId === undefined) return sayDirectlyInstead(reply, nonce, lender.loan.personId);
      await loans.noteExpected(messageId, lender);
      await loans.remember(messageId, reply);
      return { channel, messageId };
    },
    edit: async (message, reply) => {
      const { messageId } = message;
      const lender = await loans.find(messageId);
      if (lender === undefined) return false;
      const { loan, webhook, isClosed } = lender;
      if (loan.movedTo !== undefined) {
        await own.edit(loan.movedTo, reply);
        return true;
      }
      const address = loan.isOriginal ? undefined : messageId;
      const edited = isClosed ? undefined : await webhook.edit(address, renderReply(reply));
      if (edited === undefined) await moveToDirect(message, reply, lender);
      else await loans.remember(messageId, reply);
      return true;
    },
    delete: async ({ messageId }) => {
      const lender = await loans.find(messageId);
      if (lender === undefined) return false;
      const { loan, webhook, isClosed } = lender;
      if (!isClosed) await webhook.delete(loan.isOriginal ? undefined : messageId);
      if (loan.movedTo !== undefined) await own.delete(loan.movedTo);
      await loans.forget(messageId);
      return true;
    },
  };
}

/** @returns the message's id; undefined when the token is refused */
async function say(exchange: Exchange, message: Outgoing): Promise<string | undefined> {
  const { webhook, isBeside } = exchange;
  const answered = await exchange.answer(message);
  if (answered !== undefined) return answered.id;
  await exchange.acknowledge();
  // A repeated call finds that the answer was given.
  const given = isBeside ? undefined : exchange.originalId;
  return (given === undefined ? await webhook.post(message) : await webhook.edit(undefined, message))?.id;
}

/** The answer that an earlier process has given, or the place that it has kept for one, now says this. @returns as `say` */
async function sayAgain({ loan, webhook }: Lender, message: Outgoing): Promise<string | undefined> {
  try {
    const said = loan.isOriginal ? await webhook.edit(undefined, message) : await webhook.post(message);
    return said?.id;
  } catch (error) {
    // The place went with that process.
    if (isGone(toTrouble(error))) return undefined;
    throw error;
  }
}
