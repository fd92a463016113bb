import type { APIActionRowComponent, APIButtonComponent } from 'discord.js';
import type { Clock } from './clock.ts';
import { refuse } from './discord-error.ts';
import type { Channel } from './world.ts';

export interface StoredAttachment {
  readonly id: string;
  readonly filename: string;
  readonly contentType: string;
  readonly description: string | undefined;
  readonly data: Uint8Array;
}

/** One look of a message: what an edit replaces. */
export interface MessageContent {
  readonly content: string;
  readonly attachments: readonly StoredAttachment[];
  readonly rows: readonly APIActionRowComponent<APIButtonComponent>[];
}

/** What the message answers. */
export interface Origin {
  readonly interactionId: string;
  readonly personId: string;
  /** `/imagine`, or the title of a message command; undefined for buttons and forms. */
  readonly command: string | undefined;
}

export interface StoredMessage extends MessageContent {
  readonly id: string;
  readonly channel: Channel;
  /** A person's id, or the bot's. */
  readonly authorId: string;
  readonly flags: number;
  readonly at: number;
  readonly editedAt: number | undefined;
  readonly origin: Origin | undefined;
  /** The message that it replies to. */
  readonly replyTo: string | undefined;
  /** Seen by this person only. */
  readonly privateTo: string | undefined;
  readonly nonce: string | undefined;
  /** Ids that it notified. */
  readonly pinged: readonly string[];
}

export const LOADING = 1 << 7;
const NONCE_LIFE_MS = 5 * 60_000;

/** Every message as people see it now, and all the faces that it has had. */
export interface Messages {
  add(message: Omit<StoredMessage, 'id' | 'at' | 'editedAt'>): StoredMessage;
  /** @throws DiscordError 10008 */
  get(channelId: string, id: string): StoredMessage;
  find(id: string): StoredMessage | undefined;
  edit(id: string, change: Partial<MessageContent> & { flags?: number }): StoredMessage;
  delete(id: string): void;
  /** Oldest first. */
  in(channel: Channel): readonly StoredMessage[];
  /** Oldest first. */
  revisionsOf(id: string): readonly MessageContent[];
  byNonce(channelId: string, authorId: string, nonce: string): StoredMessage | undefined;
}

export function createMessages(nextId: () => string, clock: Clock): Messages {
  const messages = new Map<string, StoredMessage>();
  const faces = new Map<string, MessageContent[]>();

  function put(message: StoredMessage): StoredMessage {
    messages.set(message.id, message);
    const { content, attachments, rows } = message;
    faces.set(message.id, [...(faces.get(message.id) ?? []), { content, attachments, rows }]);
    return message;
  }

  return {
    add: (message) => put({ ...message, id: nextId(), at: clock.now(), editedAt: undefined }),
    get: (channelId, id) => {
      const message = messages.get(id);
      if (message === undefined || message.channel.id !== channelId) throw refuse.unknownMessage();
      return message;
    },
    find: (id) => messages.get(id),
    edit: (id, change) => {
      const message = messages.get(id);
      if (message === undefined) throw refuse.unknownMessage();
      return put({ ...message, ...change, editedAt: clock.now() });
    },
    delete: (id) => {
      messages.delete(id);
    },
    in: (channel) => [...messages.values()].filter((message) => message.channel === channel),
    revisionsOf: (id) => faces.get(id) ?? [],
    byNonce: (channelId, authorId, nonce) =>
      [...messages.values()].find(
        (message) =>
          message.channel.id === channelId &&
          message.authorId === authorId &&
          message.nonce === nonce &&
          clock.now() - message.at < NONCE_LIFE_MS,
      ),
  };
}
