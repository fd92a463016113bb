import type { ChannelRef, MessageRef } from '../core/channel.ts';
import type { Reply } from '../core/reply.ts';
import type { Request } from '../core/request.ts';
import type { Platform } from '../core/user.ts';

/**
 * Answers a request. `private` is seen only by the person who sent it; `posted` means the message stands (or will
 * stand) in the channel by itself, through `ChannelPort.post`. Never rejects: trouble becomes a private reply.
 */
export type Dispatch = (request: Request) => Promise<DispatchResult>;
export type DispatchResult = { readonly kind: 'private'; readonly reply: Reply } | { readonly kind: 'posted' };

export interface ChannelCapabilities {
  /** Edits of one message are spaced at least this far apart. */
  readonly minEditIntervalMs: number;
  /** Bytes of one attachment. */
  readonly maxAttachmentBytes: number;
  readonly previews: boolean;
}

/** One chat platform. */
export interface ChannelPort {
  readonly platform: Platform;
  readonly capabilities: ChannelCapabilities;
  start(dispatch: Dispatch): Promise<void>;
  stop(): Promise<void>;
  /** `nonce` makes a repeated post of the same message a no-op that returns the first. */
  post(channel: ChannelRef, reply: Reply, nonce: string): Promise<MessageRef>;
  /** @throws MessageGoneError when the message was deleted. */
  edit(message: MessageRef, reply: Reply): Promise<void>;
  /** Deleting what is gone already succeeds. */
  delete(message: MessageRef): Promise<void>;
}

/** The message (or its channel) is gone: stop editing, keep the result. */
export class MessageGoneError extends Error {
  override readonly name = 'MessageGoneError';
}
