import { LRUCache } from 'lru-cache';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { Reply } from '../../core/reply.ts';
import { AttachmentTooLargeError, MessageGoneError } from '../port.ts';
import { isGone, SlackRequestError, toRequestError } from './errors.ts';
import { type History, metadataOf } from './history.ts';
import { keyOf, type RateBudget } from './rate-budget.ts';
import type { Outgoing, ShownPicture } from './render.ts';
import type { Send } from './send-reply.ts';
import type { Uploads } from './uploads.ts';
import type { WebApi } from './web-api.ts';

const REMEMBERED_MESSAGES = 5000;

/** Easel's messages on Slack; what it shares with `ChannelPort` is as there. */
export interface Messages {
  post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef>;
  edit(message: MessageRef, reply: Reply): Promise<void>;
  delete(message: MessageRef): Promise<void>;
  /** Ids of the files that a message shows; none where that cannot be learnt. */
  filesOn(message: MessageRef): Promise<readonly string[]>;
}

export interface MessagesOptions {
  readonly api: WebApi;
  readonly uploads: Uploads;
  readonly send: Send;
  readonly history: History;
  readonly budget: RateBudget;
  /** This process has been asked for the message of this nonce, so no other can have posted it. */
  readonly isOwn: (nonce: string) => boolean;
  /** Told when a message cannot stand in its channel. */
  readonly onGone: (nonce: string, requestError: SlackRequestError) => void;
  /** Told when a message that this process has posted shows its end, or is gone. */
  readonly onEnded: (nonce: string) => void;
}

export function createMessages({
  api,
  uploads,
  send,
  history,
  budget,
  isOwn,
  onGone,
  onEnded,
}: MessagesOptions): Messages {
  /** Nonces whose message may stand already, though its post was never answered. */
  const attempted = new LRUCache<string, true>({ max: REMEMBERED_MESSAGES });
  /** By message. */
  const nonces = new LRUCache<string, string>({ max: REMEMBERED_MESSAGES });
  /** Pictures on messages, whose files are to be discarded when nothing shows them any more. */
  const shownOn = new LRUCache<string, readonly ShownPicture[]>({ max: REMEMBERED_MESSAGES });

  function rememberPictures(message: MessageRef, pictures: readonly ShownPicture[]): void {
    const key = keyOf(message);
    const before = shownOn.get(key) ?? [];
    shownOn.set(key, pictures);
    for (const { fileId } of before) {
      if (!pictures.some((picture) => picture.fileId === fileId)) void uploads.discard(fileId);
    }
  }

  async function noteShown(message: MessageRef, reply: Reply, pictures: readonly ShownPicture[]): Promise<void> {
    rememberPictures(message, pictures);
    if (tellsProgress(reply)) return budget.owe(message);
    await uploads.keep(pictures.map(({ fileId }) => fileId));
    end(message);
  }

  function end(message: MessageRef): void {
    budget.settle(message);
    const nonce = nonces.get(keyOf(message));
    if (nonce !== undefined) onEnded(nonce);
  }

  async function postNew(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef> {
    const { channelId, threadId } = channel;
    const isUrgent = !tellsProgress(reply);
    const sendOut = ({ text, blocks }: Outgoing) => {
      budget.leavePostQueue(channelId, nonce);
      const content = { text, blocks, metadata: metadataOf(nonce), unfurl_links: false, unfurl_media: false };
      const thread = threadId === undefined ? {} : { thread_ts: threadId };
      return api.post(
        channelId,
        'chat.postMessage',
        (client) => client.chat.postMessage({ channel: channelId, ...content, ...thread }),
        isUrgent,
      );
    };
    const { result, pictures } = await send(reply, sendOut, { isUrgent });
    if (result.ts === undefined) throw new SlackRequestError('chat.postMessage: no time stamp came back');
    const ref = { channel, messageId: result.ts };
    nonces.set(keyOf(ref), nonce);
    await noteShown(ref, reply, pictures);
    return ref;
  }

  async function editExisting(message: MessageRef, reply: Reply): Promise<void> {
    const { channel, messageId } = message;
    const isUrgent = !tellsProgress(reply);
    // The preview before this one stays until there is room for a newer.
    const keepsPreview = !isUrgent && reply.pictures.length > 0 && !budget.mayUploadPreview();
    const instead = keepsPreview ? (shownOn.get(keyOf(message)) ?? []) : undefined;
    const sendOut = ({ text, blocks }: Outgoing) =>
      api.run(
        'chat.update',
        (client) => client.chat.update({ channel: channel.channelId, ts: messageId, text, blocks }),
        isUrgent,
      );
    const { pictures } = await send(reply, sendOut, { isUrgent, instead });
    await noteShown(message, reply, pictures);
  }

  async function postOnce(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef> {
    const mayStand = !isOwn(nonce) || attempted.has(nonce);
    attempted.set(nonce, true);
    const existing = mayStand ? await history.findPosted(channel, nonce) : undefined;
    const ref = existing === undefined ? await postNew(channel, reply, nonce) : { channel, messageId: existing };
    attempted.delete(nonce);
    return ref;
  }

  async function deleteMessage({ channel, messageId }: MessageRef): Promise<void> {
    try {
      await api.run('chat.delete', (client) => client.chat.delete({ channel: channel.channelId, ts: messageId }));
    } catch (error) {
      const requestError = toRequestError(error, 'chat.delete');
      if (!isGone(requestError)) throw requestError;
    }
  }

  async function filesOn(message: MessageRef): Promise<readonly string[]> {
    return shownOn.get(keyOf(message))?.map(({ fileId }) => fileId) ?? (await history.findFiles(message));
  }

  return {
    filesOn,
    post: (channel, reply, nonce) => {
      const onRefused = (requestError: SlackRequestError) => onGone(nonce, requestError);
      return inPortTerms(reply, () => postOnce(channel, reply, nonce), onRefused);
    },
    edit: (message, reply) =>
      inPortTerms(
        reply,
        () => editExisting(message, reply),
        () => end(message),
      ),
    delete: async (message) => {
      const files = await filesOn(message);
      await deleteMessage(message);
      shownOn.delete(keyOf(message));
      end(message);
      await Promise.all(files.map((file) => uploads.discard(file)));
    },
  };
}

/** What may wait, and may be left out. */
function tellsProgress({ state }: Reply): boolean {
  return state === 'waiting' || state === 'running';
}

const TOO_LARGE: readonly string[] = ['file_too_large', 'file_upload_size_limit_exceeded'];

/** Trouble with Slack in the words of `ChannelPort`. */
async function inPortTerms<Result>(
  reply: Reply,
  work: () => Promise<Result>,
  onRefused: (requestError: SlackRequestError) => void = () => undefined,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const requestError = toRequestError(error, 'message');
    if (requestError.status === 413 || (requestError.code !== undefined && TOO_LARGE.includes(requestError.code))) {
      const byteLength = reply.pictures.reduce((sum, { data }) => sum + data.length, 0);
      throw new AttachmentTooLargeError(byteLength, { cause: requestError });
    }
    if (!isGone(requestError)) throw requestError;
    onRefused(requestError);
    throw new MessageGoneError(requestError.message, { cause: requestError });
  }
}
