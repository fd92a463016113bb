import { type APIChannel, type APIMessage, type REST, Routes } from 'discord.js';
import type { MessageRef } from '../../core/channel.ts';
import { type DiscordRequestError, toRequestError } from './errors.ts';
import type { Outgoing } from './render.ts';

const CALL_LIMIT_MS = 60_000;
const FORBIDDEN = 403;

/**
 * A message to one person, who has asked for what it says, in their direct messages with the bot. Undefined when Discord
 * does not let the bot write to them: they share no server with it, or take no such messages.
 * @param nonce a repeated message is the first one @throws DiscordTroubleError
 */
export async function sendDirectly(
  rest: REST,
  personId: string,
  { body, files }: Outgoing,
  nonce: string,
): Promise<MessageRef | undefined> {
  const signal = AbortSignal.timeout(CALL_LIMIT_MS);
  try {
    const channel = (await rest.post(Routes.userChannels(), {
      body: { recipient_id: personId },
      signal,
    })) as APIChannel;
    const message = (await rest.post(Routes.channelMessages(channel.id), {
      body: { ...body, nonce, enforce_nonce: true },
      files,
      signal,
    })) as APIMessage;
    return { channel: { platform: 'discord', channelId: channel.id }, messageId: message.id };
  } catch (error) {
    const requestError: DiscordRequestError = toRequestError(error);
    if (requestError.status === FORBIDDEN) return undefined;
    throw requestError;
  }
}
