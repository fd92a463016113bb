import { LRUCache } from 'lru-cache';
import { errorReply, type Reply, sentence } from '../../core/reply.ts';
import { toRequestError } from './errors.ts';
import type { Origin } from './inbound.ts';
import { type Outgoing, renderReply } from './render.ts';
import type { Send } from './send-reply.ts';
import type { Uploads } from './uploads.ts';
import type { WebApi } from './web-api.ts';

/** A little less than the 30 minutes that Slack takes answers for. */
const RESPONSE_URL_LIFETIME_MS = 29 * 60_000;
const RESPONSE_URL_USES = 5;
const RESPOND_LIMIT_MS = 20_000;
const REMEMBERED_URLS = 1000;

/** Says something to one person alone. */
export interface EphemeralReplies {
  /** In the channel or thread where they asked, or else in their messages with the bot. @throws SlackTroubleError */
  send(origin: Origin, reply: Reply): Promise<void>;
  sendText(origin: Origin, text: string): Promise<void>;
  /** The same, where Slack counts no calls for it; else nothing. Never rejects. */
  sendHint(origin: Origin, text: string): Promise<void>;
  /** The way to answer that this event brought stays open for some minutes from now. */
  noteResponseUrl(origin: Origin): void;
}

export interface EphemeralRepliesOptions {
  readonly api: WebApi;
  readonly send: Send;
  readonly uploads: Pick<Uploads, 'keep'>;
  /** The person's messages with the bot. @throws SlackTroubleError */
  readonly directChannel: (userId: string) => Promise<string>;
}

interface ResponseUrl {
  readonly until: number;
  usesLeft: number;
}

export function createEphemeralReplies({
  api,
  send,
  uploads,
  directChannel,
}: EphemeralRepliesOptions): EphemeralReplies {
  const urls = new LRUCache<string, ResponseUrl>({ max: REMEMBERED_URLS });

  async function postEphemeral({ channelId = '', threadId, userId }: Origin, { text, blocks }: Outgoing) {
    await api.post(channelId, 'chat.postEphemeral', (client) =>
      client.chat.postEphemeral({
        channel: channelId,
        user: userId,
        text,
        blocks,
        ...(threadId !== undefined && { thread_ts: threadId }),
      }),
    );
  }

  /** False when it is too late, or has been used too often. */
  async function respond({ responseUrl, threadId }: Origin, { text, blocks }: Outgoing): Promise<boolean> {
    const known = responseUrl === undefined ? undefined : urls.get(responseUrl);
    if (responseUrl === undefined || known === undefined) return false;
    if (known.until <= performance.now() || known.usesLeft === 0) return false;
    known.usesLeft -= 1;
    const thread = threadId === undefined ? {} : { thread_ts: threadId };
    try {
      const response = await fetch(responseUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text, blocks, ...thread }),
        signal: AbortSignal.timeout(RESPOND_LIMIT_MS),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async function postDirectly({ userId }: Origin, { text, blocks }: Outgoing): Promise<void> {
    const channel = await directChannel(userId);
    await api.post(channel, 'chat.postMessage', (client) =>
      client.chat.postMessage({ channel, text, blocks, unfurl_links: false, unfurl_media: false }),
    );
  }

  /** Whether what was said stays there, also for another day. */
  async function deliver(origin: Origin, outgoing: Outgoing): Promise<{ readonly lasts: boolean }> {
    if (origin.channelId !== undefined) {
      try {
        await postEphemeral(origin, outgoing);
        return { lasts: false };
      } catch (error) {
        const requestError = toRequestError(error, 'chat.postEphemeral');
        if (requestError.code === undefined || requestError.code === 'invalid_blocks') throw requestError;
      }
    }
    // The bot may not speak there.
    if (await respond(origin, outgoing)) return { lasts: false };
    await postDirectly(origin, outgoing);
    return { lasts: true };
  }

  async function tell(origin: Origin, reply: Reply): Promise<void> {
    const { result, pictures } = await send(reply, (outgoing) => deliver(origin, outgoing), { isUrgent: true });
    if (result.lasts) await uploads.keep(pictures.map(({ fileId }) => fileId));
  }

  return {
    send: tell,
    sendText: (origin, text) => tell(origin, errorReply(text)),
    sendHint: async (origin, text) => {
      await respond(origin, renderReply({ lines: [sentence(text)], buttons: [] }, []));
    },
    noteResponseUrl: ({ responseUrl }) => {
      if (responseUrl === undefined || urls.has(responseUrl)) return;
      urls.set(responseUrl, { until: performance.now() + RESPONSE_URL_LIFETIME_MS, usesLeft: RESPONSE_URL_USES });
    },
  };
}
