import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { AttachmentTooLargeError, MessageGoneError } from '../port.ts';
import type { Calls } from './calls.ts';
import { isGone, SlackTroubleError, toTrouble } from './failures.ts';
import { type History, metadataOf } from './history.ts';
import type { Send } from './sending.ts';
import type { Uploads } from './uploads.ts';

const REMEMBERED_MESSAGES = 5000;

/** Easel's messages on Slack; its methods are those of `ChannelPort`. */
export interface Messages {
  post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef>;
  edit(message: MessageRef, reply: Reply): Promise<void>;
  delete(message: MessageRef): Promise<void>;
}

export interface MessagesOptions {
  readonly calls: Calls;
  readonly uploads: Uploads;
  readonly send: Send;
  readonly history: History;
  /** This process has been asked for the message of this nonce, so no other can have posted it. */
  readonly isOwn: (nonce: string) => boolean;
  /** Told when a message cannot stand in its channel. */
  readonly onGone: (nonce: string, trouble: SlackTroubleError) => void;
}

export function createMessages({ calls, uploads, send, history, isOwn, onGone }: MessagesOptions): Messages {
  /** Nonces whose message may stand already, though its post was never answered. */
  const attempted = new Set<string>();
  /** Files on messages, to be discarded when nothing shows them any more. */
  const filesOn = new Map<string, readonly string[]>();

  function rememberFiles(message: MessageRef, files: readonly string[]): void {
    const key = keyOf(message);
    const before = filesOn.get(key) ?? [];
    filesOn.delete(key);
    filesOn.set(key, files);
    for (const file of before) if (!files.includes(file)) void uploads.discard(file);
    const [oldest] = filesOn.keys();
    if (filesOn.size > REMEMBERED_MESSAGES && oldest !== undefined) filesOn.delete(oldest);
  }

  async function postNew(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef> {
    const { channelId, threadId } = channel;
    const { result, files } = await send(reply, ({ text, blocks }) =>
      calls.post(channelId, 'chat.postMessage', (client) =>
        client.chat.postMessage({
          channel: channelId,
          text,
          blocks,
          metadata: metadataOf(nonce),
          unfurl_links: false,
          unfurl_media: false,
          ...(threadId !== undefined && { thread_ts: threadId }),
        }),
      ),
    );
    if (result.ts === undefined) throw new SlackTroubleError('chat.postMessage: no time stamp came back');
    const ref = { channel, messageId: result.ts };
    rememberFiles(ref, files);
    return ref;
  }

  async function postOnce(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef> {
    const mayStand = !isOwn(nonce) || attempted.has(nonce);
    note(attempted, nonce);
    const standing = mayStand ? await history.findStanding(channel, nonce) : undefined;
    const ref = standing === undefined ? await postNew(channel, reply, nonce) : { channel, messageId: standing };
    attempted.delete(nonce);
    return ref;
  }

  async function deleteMessage({ channel, messageId }: MessageRef): Promise<void> {
    try {
      await calls.run('chat.delete', (client) => client.chat.delete({ channel: channel.channelId, ts: messageId }));
    } catch (error) {
      const trouble = toTrouble(error, 'chat.delete');
      if (!isGone(trouble)) throw trouble;
    }
  }

  return {
    post: (channel, reply, nonce) => {
      const onRefused = (trouble: SlackTroubleError) => onGone(nonce, trouble);
      return inPortTerms(reply, () => postOnce(channel, reply, nonce), onRefused);
    },
    edit: (message, reply) =>
      inPortTerms(reply, async () => {
        const { channel, messageId } = message;
        const { files } = await send(reply, ({ text, blocks }) =>
          calls.run('chat.update', (client) =>
            client.chat.update({ channel: channel.channelId, ts: messageId, text, blocks }),
          ),
        );
        rememberFiles(message, files);
      }),
    delete: async (message) => {
      const files = filesOn.get(keyOf(message)) ?? (await history.findFiles(message));
      await deleteMessage(message);
      filesOn.delete(keyOf(message));
      await Promise.all(files.map((file) => uploads.discard(file)));
    },
  };
}

function keyOf({ channel, messageId }: MessageRef): string {
  return `${channel.channelId}/${messageId}`;
}

const TOO_LARGE: readonly string[] = ['file_too_large', 'file_upload_size_limit_exceeded'];

/** Trouble with Slack in the words of `ChannelPort`. */
async function inPortTerms<Result>(
  reply: Reply,
  work: () => Promise<Result>,
  onRefused: (trouble: SlackTroubleError) => void = () => undefined,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const trouble = toTrouble(error, 'message');
    if (trouble.status === 413 || (trouble.code !== undefined && TOO_LARGE.includes(trouble.code))) {
      const byteLength = reply.pictures.reduce((sum, { data }) => sum + data.length, 0);
      throw new AttachmentTooLargeError(byteLength, { cause: trouble });
    }
    if (!isGone(trouble)) throw trouble;
    onRefused(trouble);
    throw new MessageGoneError(trouble.message, { cause: trouble });
  }
}

function note(nonces: Set<string>, nonce: string): void {
  nonces.add(nonce);
  const [oldest] = nonces;
  if (nonces.size > REMEMBERED_MESSAGES && oldest !== undefined) nonces.delete(oldest);
}
