import type { APIAttachment, APIMessage } from 'discord.js';
import { EaselError } from '../../core/errors.ts';
import type { RemotePicture } from '../../core/request.ts';
import { readBounded } from '../../lib/read-bounded.ts';

/** Where Discord keeps what people upload. */
const DISCORD_HOSTS: readonly string[] = ['cdn.discordapp.com', 'media.discordapp.net'];
const FETCH_LIMIT_MS = 20_000;

/** Hosts that attachments may be fetched from. @param apiUrl a proxy or an emulator serves attachments itself */
export function attachmentHosts(apiUrl: string | undefined): readonly string[] {
  return apiUrl === undefined ? DISCORD_HOSTS : [...DISCORD_HOSTS, new URL(apiUrl).host];
}

/** The pictures on a message, and on the message that it passes on; not fetched yet. */
export function picturesOn(
  message: Pick<APIMessage, 'attachments' | 'message_snapshots'>,
  hosts: readonly string[],
): RemotePicture[] {
  const forwarded = (message.message_snapshots ?? []).flatMap((snapshot) => snapshot.message.attachments);
  return [...message.attachments, ...forwarded]
    .filter(({ content_type }) => content_type?.startsWith('image/') === true)
    .map((attachment) => toRemotePicture(attachment, hosts));
}

export function toRemotePicture(
  { filename, content_type, size, url }: APIAttachment,
  hosts: readonly string[],
): RemotePicture {
  return {
    name: filename,
    mediaType: content_type?.split(';')[0] ?? 'application/octet-stream',
    byteLength: size,
    fetch: (maxBytes: number) => fetchBytes(url, maxBytes, hosts),
  };
}

async function fetchBytes(address: string, maxBytes: number, hosts: readonly string[]): Promise<Uint8Array> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !hosts.includes(url.host)) throw unavailable();
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
    if (!response.ok || response.body === null) throw unavailable();
    return await readBounded(response.body, maxBytes);
  } catch (cause) {
    if (cause instanceof EaselError) throw cause;
    throw unavailable(cause);
  }
}

function unavailable(cause?: unknown): EaselError {
  const sentence = 'Easel could not download that picture from Discord; upload it again.';
  return new EaselError('picture_unavailable', sentence, { cause });
}
