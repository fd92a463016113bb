import type { ChannelRef } from '../../core/channel.ts';
import { attachmentLimitOf, MAX_ATTACHMENT_BYTES } from './attachment-size.ts';
import { targetOf } from './interaction-info.ts';
import type { InteractionTokens } from './interaction-tokens.ts';
import type { Interactions } from './interactions.ts';

export interface AttachmentLimitsOptions {
  readonly interactionTokens: Pick<InteractionTokens, 'maxAttachmentBytes'>;
  readonly interactions: Pick<Interactions, 'find'>;
  /** Bytes by what a channel's server has been boosted to; undefined where no server is known. */
  readonly ofServer: (channelId: string) => number | undefined;
}

/**
 * Bytes of one file of a message, or of the private answer to a request, by its nonce: where the bot is a guest what the
 * interaction promises, else what the server takes. A person who pays for larger files lends that to answers to them, and
 * not to what the bot edits in its own right, which is how a picture gets into its message.
 */
export function createAttachmentLimits({ interactionTokens, interactions, ofServer }: AttachmentLimitsOptions) {
  return (channel: ChannelRef, nonce: string): number => {
    const lent = interactionTokens.maxAttachmentBytes(nonce);
    if (lent !== undefined) return lent;
    const interaction = interactions.find(nonce);
    const byServer = ofServer(targetOf(channel)) ?? MAX_ATTACHMENT_BYTES;
    if (interaction === undefined) return byServer;
    const promised = attachmentLimitOf(interaction.payload);
    return interaction.isMember ? Math.min(byServer, promised) : promised;
  };
}
