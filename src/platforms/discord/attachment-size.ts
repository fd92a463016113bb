import type { APIInteraction } from 'discord.js';

/** Bytes of one file that everybody may upload everywhere. */
export const MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024;

/** Bytes of one file in an answer. An API in Discord's place may not say it. */
export function attachmentLimitOf({ attachment_size_limit: bytes }: Partial<APIInteraction>): number {
  return bytes ?? MAX_ATTACHMENT_BYTES;
}
