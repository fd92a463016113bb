import type { Prunable } from '../../core/prunable.ts';
import { type Reply, type ReplyPicture, type ReplyState, type RichText, text } from '../../core/reply.ts';
import { MessageGoneError } from '../port.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { MessageLog } from './message-log.ts';
import type { PictureFiles } from './picture-files.ts';
import type {
  MessageBody,
  MessagePage,
  PostedMessage,
  WireMessage,
  WirePerson,
  WirePicture,
  WireReply,
} from './wire.ts';

/** What a person says, before it is seen. */
export interface CommandDraft {
  readonly author: WirePerson;
  readonly line: string;
  readonly pictures: readonly ReplyPicture[];
}

/** The one channel: its messages as they stand now, on disk and, while a picture forms, in memory. */
export interface ChannelState {
  /** Notes a person's command line, unseen until `reveal`. The same nonce gives the first line again. */
  draft(nonce: string, said: CommandDraft): Promise<{ readonly id: string; readonly visible: boolean }>;
  reveal(id: string): PostedMessage | undefined;
  discard(id: string): Promise<void>;
  /** Easel's own message. @returns its id. */
  post(reply: Reply, nonce: string): Promise<string>;
  /** @throws MessageGoneError */
  edit(id: string, reply: Reply): Promise<void>;
  delete(id: string): Promise<void>;
  /** The messages that hold pictures on the disk; what is deleted of them is the pictures, and they say so. */
  readonly pictures: Prunable;
  get(id: string): WireMessage;
  page(options: { before?: string; limit: number }): MessagePage;
}

const PRUNED: RichText = [text('The picture files were deleted; the buttons draw the picture again.')];
const READ_AT_ONCE = 50;

/** These states pass by: their edits are never written, since whoever made them makes them again after a restart. */
function isPassing(state: ReplyState): boolean {
  switch (state) {
    case 'waiting':
    case 'running':
      return true;
    case 'info':
    case 'error':
    case 'done':
    case 'failed':
    case 'cancelled':
      return false;
    default:
      return state satisfies never;
  }
}

/** A reply as the page has it; messages of other channels are not there to be linked to. */
export function toWire({ parent, ...reply }: Reply, pictures: readonly WirePicture[]): WireReply {
  return { ...reply, pictures, ...(parent?.channel.platform === 'web' && { parent: parent.messageId }) };
}

export function createChannelState(parts: {
  log: MessageLog;
  files: PictureFiles;
  feed: ChangeFeed;
  now: () => number;
}): ChannelState {
  const { log, files, feed, now } = parts;
  const passing = new Map<string, WireReply>();

  async function save(reply: Reply): Promise<WireReply> {
    return toWire(reply, await files.save(reply.pictures));
  }

  function showPassing(id: string, reply: Reply): void {
    passing.set(id, toWire(reply, files.hold(id, reply.pictures)));
    feed.announce(id);
  }

  function endPassing(id: string): void {
    passing.delete(id);
    files.release(id);
  }

  async function deleteUnused(candidates: readonly string[]): Promise<void> {
    for (const file of candidates) if (!log.usesFile(file)) await files.delete(file);
  }

  function asItStands(message: PostedMessage): PostedMessage {
    const reply = passing.get(message.id);
    return reply === undefined || message.kind !== 'reply' ? message : { ...message, reply };
  }

  function filesIn(id: string): readonly string[] {
    const message = log.get(id)?.message;
    const pictures = message?.kind === 'reply' ? message.reply.pictures : (message?.pictures ?? []);
    return pictures.map((picture) => picture.file);
  }

  function gone(id: string): MessageGoneError {
    endPassing(id);
    return new MessageGoneError(`Message ${id} of the web channel was deleted.`);
  }

  return {
    async draft(nonce, { author, line, pictures: given }) {
      const pictures = await files.save(given);
      const body = { kind: 'command', author, line, ...(pictures.length > 0 && { pictures }) } as const;
      const { id } = log.append({ nonce, at: now(), visible: false, body });
      return { id, visible: log.get(id)?.visible ?? true };
    },
    reveal(id) {
      log.reveal(id);
      feed.announce(id);
      return log.get(id)?.message;
    },
    async discard(id) {
      const before = filesIn(id);
      log.discard(id);
      await deleteUnused(before);
    },
    async post(reply, nonce) {
      const earlier = log.findByNonce(nonce);
      if (earlier !== undefined) return earlier;
      const stored = isPassing(reply.state) ? toWire(reply, []) : await save(reply);
      const { id, isNew } = log.append({ nonce, at: now(), visible: true, body: { kind: 'reply', reply: stored } });
      if (!isNew) return id;
      if (isPassing(reply.state)) showPassing(id, reply);
      else feed.announce(id);
      return id;
    },
    async edit(id, reply) {
      if (log.get(id) === undefined) throw gone(id);
      if (isPassing(reply.state)) return showPassing(id, reply);
      const before = filesIn(id);
      const stored = await save(reply);
      const stands = log.replace(id, { kind: 'reply', reply: stored }, now());
      await deleteUnused(stands ? before : stored.pictures.map((picture) => picture.file));
      if (!stands) throw gone(id);
      endPassing(id);
      feed.announce(id);
    },
    async delete(id) {
      const before = filesIn(id);
      log.remove(id);
      endPassing(id);
      feed.announce(id);
      await deleteUnused(before);
    },
    pictures: {
      async *kept() {
        for (let after: string | undefined; ; ) {
          const found = log.withFiles({ limit: READ_AT_ONCE, ...(after !== undefined && { after }) });
          for (const { id, changedAt, files: names } of found) {
            const sizes = await Promise.all(names.map((file) => files.size(file)));
            yield { key: id, bytes: sizes.reduce((sum, size) => sum + size, 0), usedAt: changedAt };
          }
          after = found.at(-1)?.id;
          if (found.length < READ_AT_ONCE) return;
        }
      },
      async delete(id) {
        const message = log.get(id)?.message;
        if (message === undefined) return;
        const before = filesIn(id);
        log.replace(id, withoutPictures(message), message.editedAt ?? message.at);
        await deleteUnused(before);
        feed.announce(id);
      },
    },
    get(id) {
      const stored = log.get(id);
      return stored?.visible === true ? asItStands(stored.message) : { id, kind: 'deleted' };
    },
    page({ before, limit }) {
      const cursor = feed.cursor();
      const rows = log.page({ limit: limit + 1, ...(before === undefined ? {} : { before }) });
      const hasMore = rows.length > limit;
      return { messages: (hasMore ? rows.slice(1) : rows).map(asItStands), hasMore, cursor };
    },
  };
}

function withoutPictures(message: PostedMessage): MessageBody {
  if (message.kind === 'command') return { kind: 'command', author: message.author, line: message.line };
  const { reply } = message;
  return { kind: 'reply', reply: { ...reply, pictures: [], lines: [...reply.lines, PRUNED] } };
}
