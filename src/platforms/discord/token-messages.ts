import type { REST } from 'discord.js';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { MessageGoneError } from '../port.ts';
import type { BotMessages } from './bot-messages.ts';
import { sendDirectly } from './direct-messages.ts';
import { isGone, toRequestError } from './errors.ts';
import { type Interaction, refuseAnsweredElsewhere } from './interaction.ts';
import { userOf } from './interaction-info.ts';
import { isFinal, type TokenAccess } from './interaction-token.ts';
import type { InteractionTokens } from './interaction-tokens.ts';
import { type Outgoing, renderReply } from './render.ts';

/**
 * Messages in places where the bot itself may not write, by the token of an interaction. Once that is dead, the result
 * goes to the person who asked as a direct message, where Discord allows one; what is said of it later goes there, too.
 */
export interface TokenMessages {
  post(channel: ChannelRef, reply: Reply, nonce: string, interaction: Interaction): Promise<MessageRef>;
  /** What an earlier process began to post; undefined when it was no guest there. */
  postAgain(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef | undefined>;
  /** False for a message of the bot's own right. */
  edit(message: MessageRef, reply: Reply): Promise<boolean>;
  /** False for a message of the bot's own right. */
  delete(message: MessageRef): Promise<boolean>;
}

export interface TokenMessagesOptions {
  readonly rest: REST;
  readonly interactionTokens: InteractionTokens;
  readonly botMessages: BotMessages;
}

export function createTokenMessages({ rest, interactionTokens, botMessages }: TokenMessagesOptions): TokenMessages {
  /** @throws MessageGoneError where Discord allows no direct message */
  async function sayDirectly(personId: string, reply: Reply, nonce: string): Promise<MessageRef> {
    const { parent: _, ...plain } = reply;
    const sent = await sendDirectly(rest, personId, renderReply(plain), nonce);
    if (sent === undefined) throw new MessageGoneError('the token that could write there has expired');
    return sent;
  }

  async function sayDirectlyInstead(reply: Reply, nonce: string, personId: string): Promise<MessageRef> {
    const sent = await sayDirectly(personId, reply, nonce);
    await interactionTokens.forget(nonce);
    return sent;
  }

  async function moveToDirect(
    { messageId }: MessageRef,
    reply: Reply,
    { interactionToken }: TokenAccess,
  ): Promise<void> {
    // What is under way is told when it is done; what was cancelled needs no message of its own.
    if (!isFinal(reply)) return;
    if (reply.state === 'cancelled') return interactionTokens.remember(messageId, reply);
    await interactionTokens.move(
      messageId,
      interactionToken,
      await sayDirectly(interactionToken.personId, reply, interactionToken.nonce),
    );
  }

  return {
    post: async (channel, reply, nonce, interaction) => {
      await interactionTokens.expect(nonce, interaction);
      const messageId = await say(interaction, renderReply(reply));
      if (interaction.isAnsweredElsewhere) await interactionTokens.forget(nonce);
      refuseAnsweredElsewhere(interaction);
      if (messageId === undefined) return sayDirectlyInstead(reply, nonce, userOf(interaction.payload).id);
      await interactionTokens.keep(messageId, interaction, nonce);
      await interactionTokens.remember(messageId, reply);
      return { channel, messageId };
    },
    postAgain: async (channel, reply, nonce) => {
      const access = await interactionTokens.findExpected(nonce);
      if (access === undefined) return undefined;
      const messageId = access.isClosed ? undefined : await sayAgain(access, renderReply(reply));
      if (messageId === undefined) return sayDirectlyInstead(reply, nonce, access.interactionToken.personId);
      await interactionTokens.keepExpected(messageId, access);
      await interactionTokens.remember(messageId, reply);
      return { channel, messageId };
    },
    edit: async (message, reply) => {
      const { messageId } = message;
      const access = await interactionTokens.find(messageId);
      if (access === undefined) return false;
      const { interactionToken, webhook, isClosed } = access;
      if (interactionToken.movedTo !== undefined) {
        await botMessages.edit(interactionToken.movedTo, reply);
        return true;
      }
      const address = interactionToken.isOriginal ? undefined : messageId;
      const edited = isClosed ? undefined : await webhook.edit(address, renderReply(reply));
      if (edited === undefined) await moveToDirect(message, reply, access);
      else await interactionTokens.remember(messageId, reply);
      return true;
    },
    delete: async ({ messageId }) => {
      const access = await interactionTokens.find(messageId);
      if (access === undefined) return false;
      const { interactionToken, webhook, isClosed } = access;
      if (!isClosed) await webhook.delete(interactionToken.isOriginal ? undefined : messageId);
      if (interactionToken.movedTo !== undefined) await botMessages.delete(interactionToken.movedTo);
      await interactionTokens.forget(messageId);
      return true;
    },
  };
}

/** @returns the message's id; undefined when the token is refused */
async function say(interaction: Interaction, message: Outgoing): Promise<string | undefined> {
  const { webhook, isSeparateMessage } = interaction;
  const answered = await interaction.answer(message);
  if (answered !== undefined) return answered.id;
  await interaction.acknowledge();
  // A repeated call finds that the answer was given.
  const given = isSeparateMessage ? undefined : interaction.originalId;
  return (given === undefined ? await webhook.post(message) : await webhook.edit(undefined, message))?.id;
}

/** The answer that an earlier process has given, or the place that it has kept for one, now says this. @returns as `say` */
async function sayAgain({ interactionToken, webhook }: TokenAccess, message: Outgoing): Promise<string | undefined> {
  try {
    const said = interactionToken.isOriginal ? await webhook.edit(undefined, message) : await webhook.post(message);
    return said?.id;
  } catch (error) {
    // The place went with that process.
    if (isGone(toRequestError(error))) return undefined;
    throw error;
  }
}
