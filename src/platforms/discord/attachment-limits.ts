import type { APIInteraction } from 'discord.js';
import type { ChannelRef } from '../../core/channel.ts';
import { targetOf } from './asking.ts';
import type { Exchanges } from './exchanges.ts';
import type { Loans } from './loans.ts';

/** Bytes of one file that everybody may upload everywhere. */
export const MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024;

/** Bytes of one file in an answer. An API in Discord's place may not say it. */
export function attachmentLimitOf({ attachment_size_limit: bytes }: Partial<APIInteraction>): number {
  return bytes ?? MAX_ATTACHMENT_BYTES;
}

export interface AttachmentLimitsOptions {
  readonly loans: Pick<Loans, 'maxAttachmentBytes'>;
  readonly exchanges: Pick<Exchanges, 'find'>;
  /** Bytes by what a channel's server has been boosted to; undefined where no server is known. */
  readonly ofServer: (channelId: string) => number | undefined;
}

/**
 * Bytes of one file of a message, or of the private answer to a request, by its nonce: where the bot is a guest what the
 * interaction promises, else what the server takes. A person who pays for larger files lends that to answers to them, and
 * not to what the bot edits in its own right, which is how a picture gets into its message.
 */
export function createAttachmentLimits({ loans, exchanges, ofServer }: AttachmentLimitsOptions) {
  return (channel: ChannelRef, nonce: string): number => {
    const lent = loans.maxAttachmentBytes(nonce);
    if (lent !== undefined) return lent;
    const exchange = exchanges.find(nonce);
    const byServer = ofServer(targetOf(channel)) ?? MAX_ATTACHMENT_BYTES;
    if (exchange === undefined) return byServer;
    const promised = attachmentLimitOf(exchange.interaction);
    return exchange.isMember ? Math.min(byServer, promised) : promised;
  };
}
