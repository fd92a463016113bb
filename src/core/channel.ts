import type { Platform } from './user.ts';

/** Where a message goes; survives restarts, so it holds ids only. */
export interface ChannelRef {
  readonly platform: Platform;
  readonly channelId: string;
  readonly threadId?: string;
}

/** A message that was posted; survives restarts, as `ChannelRef` does. */
export interface MessageRef {
  readonly channel: ChannelRef;
  readonly messageId: string;
}
