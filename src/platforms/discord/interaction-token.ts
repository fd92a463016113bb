import type { MessageRef } from '../../core/channel.ts';
import { code, type Reply, type RichText, text } from '../../core/reply.ts';
import { attachmentLimitOf } from './attachment-size.ts';
import type { Interaction } from './interaction.ts';
import { userOf } from './interaction-info.ts';
import type { Webhook } from './webhook.ts';

/**
 * A message in a place where the bot itself may not write: it can be changed only by an interaction's token, for as long
 * as that lives. Interaction tokens are on disk while their work is under way, so that a restart finishes the message; the token
 * stands there as it is, because within 15 minutes it is good for nothing, until then only for writing as the bot in
 * that one place, and whoever reads that disk reads everybody's prompts and pictures beside it.
 */
export interface InteractionToken {
  /** Of the message. */
  readonly nonce: string;
  readonly applicationId: string;
  readonly token: string;
  /** The message is what the token calls its original. */
  readonly isOriginal: boolean;
  readonly personId: string;
  /** Bytes of one attachment. */
  readonly maxAttachmentBytes: number;
  /** When the token dies, in milliseconds since the epoch. */
  readonly until: number;
  /** Where the bot says since then what it would have said there. */
  readonly movedTo?: MessageRef;
}

/** An interaction token, and the way to use it. */
export interface TokenAccess {
  readonly interactionToken: InteractionToken;
  readonly webhook: Webhook;
  /** Nothing can be said there any more. */
  readonly isClosed: boolean;
}

/** What an interaction lends. @param messageId undefined while it is not known @param lifetimeMs of its token */
export function interactionTokenOf(
  nonce: string,
  interaction: Interaction,
  messageId: string | undefined,
  lifetimeMs: number,
): InteractionToken {
  const { payload, originalId, isSeparateMessage } = interaction;
  return {
    ...{ nonce, applicationId: payload.application_id, token: payload.token },
    isOriginal: messageId === undefined ? !isSeparateMessage : messageId === originalId,
    personId: userOf(payload).id,
    maxAttachmentBytes: attachmentLimitOf(payload),
    until: Date.now() + lifetimeMs,
  };
}

/** Whether the work behind a message is done. */
export function isFinal({ state }: Reply): boolean {
  return state !== 'waiting' && state !== 'running';
}

/** Said before the token dies. @param showCommand by which a person asks for results */
export function expiryNotice(showCommand: string | undefined): RichText {
  const reason =
    'Discord lets Easel edit this message for 15 minutes only. The job continues; the result is sent to you';
  const way = ' as a direct message, if Discord allows it';
  if (showCommand === undefined) return [text(`${reason}${way}.`)];
  return [text(`${reason}${way}, and `), code(`/${showCommand}`), text(' shows it.')];
}
