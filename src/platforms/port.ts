import type { ChannelRef, MessageRef } from '../core/channel.ts';
import type { Form } from '../core/form.ts';
import type { HomePage } from '../core/home-page.ts';
import type { Prunable } from '../core/prunable.ts';
import type { Reply } from '../core/reply.ts';
import type { OptionValue, Request } from '../core/request.ts';
import type { Platform, User } from '../core/user.ts';

/**
 * Answers a request, within milliseconds: pictures are only queued. `private` is seen only by the person who sent it;
 * `posted` means the message stands (or will stand) in the channel by itself, through `ChannelPort.post`, whose nonce
 * is then `jobIdOf(platform, request.id)`; `page` says the same as its reply, where a platform has pages; `form` is opened for that person. Never rejects: trouble becomes a private
 * reply.
 */
export type Dispatch = (request: Request) => Promise<DispatchResult>;
/** What becomes of a request; see `Dispatch`. */
export type DispatchResult =
  | { readonly kind: 'private'; readonly reply: Reply; readonly page?: HomePage }
  | { readonly kind: 'posted' }
  | { readonly kind: 'form'; readonly form: Form };

/** What a person may mean by what they have typed so far of an option's value: at most 25, best first. Never rejects. */
export type Complete = (typing: Typing) => Promise<readonly Suggestion[]>;
/** An option's value that a person is typing. */
export interface Typing {
  readonly user: User;
  readonly channel: ChannelRef;
  readonly command: string;
  readonly option: string;
  readonly typed: string;
  /** The other options as they stand. */
  readonly options: Readonly<Record<string, OptionValue>>;
}
/** One value to choose; `value` is what the command gets. */
export interface Suggestion {
  /** At most 100 characters. */
  readonly label: string;
  readonly value: string;
}

/** What a channel hands on to the bot. */
export interface ChannelHandlers {
  readonly dispatch: Dispatch;
  readonly complete: Complete;
  /** Takes back the work of a request that another process with the bot's account has answered. Never rejects. */
  readonly withdraw?: (request: Request) => Promise<void>;
}

/** What the bot is doing, where a platform can show it beside its name. */
export interface BotStatus {
  readonly kind: 'loading' | 'idle' | 'busy';
  readonly running: number;
  readonly waiting: number;
}

/** Media types that a picture can be compressed to. */
export type CompressedType = 'image/webp' | 'image/jpeg';

/** What a platform can show, and how often. */
export interface ChannelCapabilities {
  /** Edits of one message are spaced at least this far apart. */
  readonly minEditIntervalMs: number;
  /** Bytes of one attachment, where the channel does not say otherwise. */
  readonly maxAttachmentBytes: number;
  /** UTF-16 units of a picture's alternative text. @default 400 */
  readonly maxAltLength?: number;
  readonly previews: boolean;
  /** What becomes of a picture that is too large as a PNG. Not every platform shows WebP. @default 'image/webp' */
  readonly compressed?: CompressedType;
  /** The pictures of a grid bear their numbers. @default false */
  readonly numbersGrids?: boolean;
  /** Calls of post, edit and delete under way at once. @default 16 */
  readonly maxCalls?: number;
}

/**
 * One chat platform. Everything it shows goes through `post`, `edit` and `delete`; everything it receives goes to the
 * handlers of `start`. `test/contracts/channel-port` holds every platform to it.
 *
 * @example
 * await port.start({ dispatch, complete });
 * const message = await port.post(channel, waitingReply(job, place), job.id);
 * await port.post(channel, waitingReply(job, place), job.id); // the same message
 * await port.edit(message, doneReply(job, picture));
 * await port.delete(message);
 * await port.stop();
 */
export interface ChannelPort {
  readonly platform: Platform;
  readonly capabilities: ChannelCapabilities;
  /** Once started: a sentence for whoever started the bot, such as where to add it to a server. */
  readonly welcome?: string | undefined;
  /** @throws EaselError saying what to do when the platform does not let the bot in. */
  start(handlers: ChannelHandlers): Promise<void>;
  stop(): Promise<void>;
  /**
   * Bytes of one attachment in this channel, of the message with this nonce or of the private answer to that request;
   * `capabilities` where it is absent. May become known, or change, while the platform is connected.
   */
  maxAttachmentBytes?(channel: ChannelRef, nonce: string): number;
  /** Shows what the bot is doing; called on every change, paced by the port. */
  present?(status: BotStatus): void;
  /**
   * Milliseconds until there is room for a reply that only says how far a job is, waiting or running; 0 lets it go, and
   * counts on it. Whoever has to wait keeps it, so that a newer one takes its place and the job's end overtakes it.
   * @param message where it stands; absent for the first, of this nonce
   */
  progressDelayMs?(channel: ChannelRef, nonce: string, message: MessageRef | undefined): number;
  /**
   * `nonce` makes a repeated post of the same message a no-op that returns the first. Settles within minutes, as do
   * `edit` and `delete`.
   * @throws MessageGoneError when the channel is gone or closed to the bot; AttachmentTooLargeError
   */
  post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef>;
  /** @throws MessageGoneError when the message was deleted; AttachmentTooLargeError */
  edit(message: MessageRef, reply: Reply): Promise<void>;
  /** Deleting what is gone already succeeds. */
  delete(message: MessageRef): Promise<void>;
  /** Pictures that the channel itself keeps on this machine, by message; a message stays without them and says so. */
  readonly pictures?: Prunable;
}

/** The message (or its channel) is gone: stop editing, keep the result. */
export class MessageGoneError extends Error {
  override readonly name = 'MessageGoneError';
}

/** The channel did not take an attachment of this size, whatever it had promised. */
export class AttachmentTooLargeError extends Error {
  override readonly name = 'AttachmentTooLargeError';
  /** Bytes that were refused. */
  readonly byteLength: number;

  constructor(byteLength: number, options?: ErrorOptions) {
    super(`an attachment of ${byteLength} bytes was refused`, options);
    this.byteLength = byteLength;
  }
}
