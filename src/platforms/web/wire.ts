import type { CommandDescription, MessageActionDescription } from '../../core/command.ts';
import type { Form } from '../../core/form.ts';
import type { Reply, ReplyPicture } from '../../core/reply.ts';

/** The JSON of the web channel's HTTP API; `api.md` describes it for people. */

/** `id` counts (your own messages, cancel, fairness); `name` is for showing only and may be shared. */
export interface WirePerson {
  readonly id: string;
  readonly name: string;
}

/** A reply's picture as the page gets it: by address. */
export interface WirePicture extends Omit<ReplyPicture, 'data'> {
  /** Served at `api/pictures/FILE`: the hash of its bytes, so it never changes. */
  readonly file: string;
}

/** A reply as the page gets it. */
export interface WireReply extends Omit<Reply, 'pictures' | 'parent'> {
  readonly pictures: readonly WirePicture[];
  /** The id of the message that it answers. */
  readonly parent?: string;
}

/** A picture that a person has handed over, to be attached to what they say next. */
export interface WireUpload extends WirePicture {
  readonly upload: string;
}

/** What a message says; this is also what the log stores. */
export type MessageBody =
  | {
      readonly kind: 'command';
      readonly author: WirePerson;
      readonly line: string;
      readonly pictures?: readonly WirePicture[];
    }
  | { readonly kind: 'reply'; readonly reply: WireReply };

interface MessageHead {
  /** A decimal number; a message further down the channel has a greater one. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly editedAt?: number;
}

/** A message that is there. */
export type PostedMessage = MessageHead & MessageBody;
/** A message, or the news that it was deleted. */
export type WireMessage = PostedMessage | { readonly id: string; readonly kind: 'deleted' };

/** A part of the messages, oldest first. */
export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly PostedMessage[];
  readonly hasMore: boolean;
  /** Follow `api/events?after=CURSOR` to miss nothing that happens after this page was made. */
  readonly cursor: string;
}

/**
 * The answer to what a person said, pressed, chose or filled in. `private` is for the sender's eyes only; `form` is
 * filled in and sent to `api/forms`.
 */
export type PostResult =
  | { readonly kind: 'posted'; readonly message?: PostedMessage }
  | { readonly kind: 'private'; readonly reply: WireReply }
  | { readonly kind: 'form'; readonly form: Form };

/** What the page shows of the channel. */
export interface ChannelInfo {
  readonly title: string;
  readonly commands: readonly CommandDescription[];
  readonly messageActions: readonly MessageActionDescription[];
  readonly limits: { readonly lineLength: number; readonly nameLength: number };
}
