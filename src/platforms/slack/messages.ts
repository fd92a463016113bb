import type { webApi } from '@slack/bolt';
import { decodeButtonId } from '../../core/button.ts';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import { type Reply, sentence } from '../../core/reply.ts';
import { AttachmentTooLargeError, MessageGoneError } from '../port.ts';
import { buttonIdsOf, fileIdsOf } from './blocks.ts';
import type { Calls } from './calls.ts';
import { adviseOn, isGone, isRefusedToken, SlackTroubleError, toTrouble } from './failures.ts';
import type { Identity } from './identity.ts';
import { sleep } from './pace.ts';
import { type Outgoing, pictureOf, renderReply, type ShownPicture } from './render.ts';
import type { Uploads } from './uploads.ts';

/** Messages that are looked through for one that an earlier process has posted. */
const LOOK_BACK = 100;
const REMEMBERED_MESSAGES = 5000;
/** Slack may refuse a file in blocks for a moment after it has said that the file is ready. */
const REFUSED_FILE_PAUSES_MS = [500, 1500, 3000];
const SEND_LIMIT_MS = 60_000;
/** Marks a message as the one of a nonce, also for the process after this one. */
const EVENT_TYPE = 'easel_message';

/** Easel's messages on Slack. */
export interface Messages {
  post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef>;
  edit(message: MessageRef, reply: Reply): Promise<void>;
  delete(message: MessageRef): Promise<void>;
  /** The reply as Slack takes it, its pictures uploaded. */
  prepare<Result>(reply: Reply, send: (outgoing: Outgoing) => Promise<Result>): Promise<Result>;
}

export interface MessagesOptions {
  readonly calls: Calls;
  readonly uploads: Uploads;
  readonly identify: () => Promise<Identity>;
  /** This process has been asked for the message of this nonce, so no other can have posted it. */
  readonly isOwn: (nonce: string) => boolean;
  /** Told when a message cannot stand in its channel. */
  readonly onGone: (nonce: string, trouble: SlackTroubleError) => void;
}

export function createMessages(options: MessagesOptions): Messages {
  const { calls, uploads, identify, isOwn, onGone } = options;
  /** Nonces whose message may stand already, though its post was never answered. */
  const attempted = new Set<string>();
  /** Files on messages, by channel and time stamp, to be discarded when nothing shows them any more. */
  const filesOn = new Map<string, readonly string[]>();

  /** The message of this nonce, if an earlier attempt, or an earlier process, has posted it. */
  async function findStanding(channel: ChannelRef, nonce: string): Promise<string | undefined> {
    const { channelId, threadId } = channel;
    const look = { channel: channelId, limit: LOOK_BACK, include_all_metadata: true };
    try {
      const { botUserId } = await identify();
      const { messages = [] } =
        threadId === undefined
          ? await calls.run('conversations.history', (client) => client.conversations.history(look))
          : await calls.run('conversations.replies', (client) =>
              client.conversations.replies({ ...look, ts: threadId }),
            );
      return messages.find((message) => message.user === botUserId && isOf(message, nonce))?.ts;
    } catch (error) {
      const { code } = toTrouble(error, 'conversations.history');
      // Without the right to read what was said, posting twice is the lesser evil.
      if (code === 'missing_scope' || code === 'not_in_channel') return undefined;
      throw error;
    }
  }

  /** Tries again while Slack does not yet know of a file in the blocks; then uploads all anew, once. */
  async function sendWithFiles<Result>(
    reply: Reply,
    send: (outgoing: Outgoing) => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly files: readonly string[] }> {
    const signal = AbortSignal.timeout(SEND_LIMIT_MS);
    for (let round = 0; ; round++) {
      const pictures = await uploadAll(reply);
      for (let tries = 0; ; tries++) {
        try {
          const result = await send(renderReply(reply, pictures));
          return { result, files: pictures.map(({ fileId }) => fileId) };
        } catch (error) {
          const pause = REFUSED_FILE_PAUSES_MS[tries];
          if (pictures.length === 0 || toTrouble(error, 'blocks').code !== 'invalid_blocks') throw error;
          if (pause === undefined) {
            if (round > 0) throw error;
            for (const { fileId } of pictures) uploads.forget(fileId);
            break;
          }
          await sleep(pause, signal);
        }
      }
    }
  }

  async function uploadAll({ pictures }: Reply): Promise<ShownPicture[]> {
    return Promise.all(pictures.map(async (picture) => pictureOf(await uploads.upload(picture), picture)));
  }

  /** A picture that Slack will never take does not keep the words back: they say why. */
  async function send<Result>(reply: Reply, sendOut: (outgoing: Outgoing) => Promise<Result>) {
    try {
      return await sendWithFiles(reply, sendOut);
    } catch (error) {
      const trouble = toTrouble(error, 'upload');
      if (reply.pictures.length === 0 || isGone(trouble) || isRefusedToken(trouble)) throw trouble;
      if (reply.state === 'running') return sendWithFiles({ ...reply, pictures: [] }, sendOut);
      const advice = adviseOn(trouble);
      if (advice === undefined) throw trouble;
      const lines = [...reply.lines, sentence(`⚠ The picture is not shown. ${advice}`)];
      return sendWithFiles({ ...reply, lines, pictures: [] }, sendOut);
    }
  }

  function rememberFiles({ channel, messageId }: MessageRef, files: readonly string[]): void {
    const key = `${channel.channelId}/${messageId}`;
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
          metadata: { event_type: EVENT_TYPE, event_payload: { nonce } },
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

  /** What the message shows now, when this process has not put it there. */
  async function findFiles({ channel, messageId }: MessageRef): Promise<readonly string[]> {
    const known = filesOn.get(`${channel.channelId}/${messageId}`);
    if (known !== undefined) return known;
    const look = { channel: channel.channelId, latest: messageId, oldest: messageId, inclusive: true, limit: 1 };
    try {
      const { messages = [] } =
        channel.threadId === undefined
          ? await calls.run('conversations.history', (client) => client.conversations.history(look))
          : await calls.run('conversations.replies', (client) =>
              client.conversations.replies({ ...look, ts: channel.threadId ?? messageId }),
            );
      return messages.filter(({ ts }) => ts === messageId).flatMap(({ blocks }) => fileIdsOf(blocks ?? []));
    } catch {
      return [];
    }
  }

  return {
    post: (channel, reply, nonce) =>
      inPortTerms(
        reply,
        async () => {
          const mayStand = !isOwn(nonce) || attempted.has(nonce);
          note(attempted, nonce);
          const standing = mayStand ? await findStanding(channel, nonce) : undefined;
          const ref = standing === undefined ? await postNew(channel, reply, nonce) : { channel, messageId: standing };
          attempted.delete(nonce);
          return ref;
        },
        (trouble) => onGone(nonce, trouble),
      ),
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
      const { channel, messageId } = message;
      const files = await findFiles(message);
      try {
        await calls.run('chat.delete', (client) => client.chat.delete({ channel: channel.channelId, ts: messageId }));
      } catch (error) {
        const trouble = toTrouble(error, 'chat.delete');
        if (!isGone(trouble)) throw trouble;
      }
      filesOn.delete(`${channel.channelId}/${messageId}`);
      await Promise.all(files.map((file) => uploads.discard(file)));
    },
    prepare: async (reply, sendOut) => (await send(reply, sendOut)).result,
  };
}

type Standing = NonNullable<webApi.ConversationsHistoryResponse['messages']>[number];

function isOf({ metadata, blocks = [] }: Standing, nonce: string): boolean {
  const payload: unknown = metadata?.event_payload;
  if (metadata?.event_type === EVENT_TYPE && payload instanceof Object && 'nonce' in payload) {
    return payload.nonce === nonce;
  }
  return buttonIdsOf(blocks).some((id) => decodeButtonId(id)?.jobId === nonce);
}

const TOO_LARGE: readonly string[] = ['file_too_large', 'file_upload_size_limit_exceeded'];

/** Trouble with Slack in the words of `ChannelPort`. */
async function inPortTerms<Result>(
  reply: Reply,
  work: () => Promise<Result>,
  onGone: (trouble: SlackTroubleError) => void = () => undefined,
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
    onGone(trouble);
    throw new MessageGoneError(trouble.message, { cause: trouble });
  }
}

function note(nonces: Set<string>, nonce: string): void {
  nonces.add(nonce);
  const [oldest] = nonces;
  if (nonces.size > REMEMBERED_MESSAGES && oldest !== undefined) nonces.delete(oldest);
}
