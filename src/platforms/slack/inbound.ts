import type { BlockAction, GlobalShortcut, MessageShortcut, SlashCommand, ViewSubmitAction } from '@slack/bolt';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { ReceivedBlock } from './blocks.ts';
import type { FormPlace } from './modal.ts';
import type { ReceivedFile, ReceivedMessage } from './remote-picture.ts';

/** Where something came from that a person did, and by which ways they can be answered. */
export interface Origin {
  /** The same when Slack delivers the event again. */
  readonly requestId: string;
  readonly userId: string;
  /** As the event has it: a handle, or nothing. */
  readonly userName: string | undefined;
  /** Undefined beside all channels: a global shortcut, the app's own page. */
  readonly channelId: string | undefined;
  readonly threadId: string | undefined;
  /** Opens a form for 3 s. */
  readonly triggerId: string | undefined;
  /** Takes 5 answers within 30 minutes, also where the bot is no member. */
  readonly responseUrl: string | undefined;
  /** A member, as something of the bot's stands there, or somebody called it there. */
  readonly isMember: boolean;
  /** The app's own page. */
  readonly isHome: boolean;
}

/** A message as it comes in events and payloads. */
export interface IncomingMessage extends ReceivedMessage {
  readonly channel: string;
  readonly user?: string;
  readonly text?: string;
  readonly ts: string;
  readonly thread_ts?: string;
  readonly subtype?: string | undefined;
  readonly bot_id?: string;
}

export function originOfCommand(command: SlashCommand): Origin {
  return {
    requestId: command.trigger_id,
    userId: command.user_id,
    userName: command.user_name,
    channelId: command.channel_id,
    threadId: undefined,
    triggerId: command.trigger_id,
    responseUrl: command.response_url,
    isMember: false,
    isHome: false,
  };
}

/** One message makes one job, whichever of Slack's events tell of it, and however often. */
export function originOfMessage(message: IncomingMessage): Origin {
  return {
    requestId: `${message.channel}:${message.ts}`,
    userId: message.user ?? '',
    userName: undefined,
    channelId: message.channel,
    threadId: threadOf(message.ts, message.thread_ts),
    triggerId: undefined,
    responseUrl: undefined,
    isMember: true,
    isHome: false,
  };
}

export function originOfPress(body: BlockAction): Origin {
  const message: Partial<IncomingMessage> = body.message ?? {};
  const { channel_id, thread_ts, message_ts } = containerOf(body);
  return {
    requestId: body.trigger_id,
    userId: body.user.id,
    userName: body.user.name ?? body.user.username,
    channelId: body.channel?.id ?? channel_id,
    threadId: threadOf(message.ts ?? message_ts, message.thread_ts ?? thread_ts),
    triggerId: body.trigger_id,
    responseUrl: body.response_url,
    // Where only the person sees the message, the bot may be a stranger.
    isMember: body.message !== undefined,
    isHome: body.view?.type === 'home',
  };
}

export function originOfMessageShortcut(body: MessageShortcut): Origin {
  const message: Partial<IncomingMessage> = body.message;
  return {
    requestId: body.trigger_id,
    userId: body.user.id,
    userName: body.user.name,
    channelId: body.channel.id,
    threadId: threadOf(body.message_ts, message.thread_ts),
    triggerId: body.trigger_id,
    responseUrl: body.response_url,
    isMember: false,
    isHome: false,
  };
}

export function originOfShortcut({ trigger_id, user }: GlobalShortcut): Origin {
  return {
    requestId: trigger_id,
    userId: user.id,
    userName: user.username,
    channelId: undefined,
    threadId: undefined,
    triggerId: trigger_id,
    responseUrl: undefined,
    isMember: false,
    isHome: false,
  };
}

/** @param place where the form was opened, or what was chosen in it */
export function originOfForm(body: ViewSubmitAction, place: FormPlace): Origin {
  return {
    requestId: body.trigger_id,
    userId: body.user.id,
    userName: body.user.name,
    channelId: place.channelId,
    threadId: place.threadId,
    triggerId: body.trigger_id,
    responseUrl: undefined,
    isMember: false,
    isHome: place.isHome === true,
  };
}

/** What was pressed on; of the app's own page nothing. */
export function pressedMessage(body: BlockAction, channel: ChannelRef): MessageRef {
  return { channel, messageId: body.message?.ts ?? containerOf(body).message_ts ?? '' };
}

/** Of a message or of the app's own page. */
export function pressedContent(body: BlockAction): ReceivedMessage {
  return { blocks: blocksIn(body.message ?? body.view), files: filesIn(body.message) };
}

export function shortcutContent({ message }: MessageShortcut): ReceivedMessage {
  return { blocks: blocksIn(message), files: filesIn(message) };
}

function containerOf({ container }: BlockAction) {
  const text = (name: string): string | undefined => {
    const value: unknown = container[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { channel_id: text('channel_id'), thread_ts: text('thread_ts'), message_ts: text('message_ts') };
}

/** A message that others answer in a thread stands in its channel all the same. */
function threadOf(ts: string | undefined, threadTs: string | undefined): string | undefined {
  return threadTs === ts ? undefined : threadTs;
}

function blocksIn(holder: object | undefined): readonly ReceivedBlock[] {
  return listIn(holder, 'blocks') as readonly ReceivedBlock[];
}

function filesIn(holder: object | undefined): readonly ReceivedFile[] {
  return listIn(holder, 'files') as readonly ReceivedFile[];
}

function listIn(holder: object | undefined, name: string): readonly unknown[] {
  const list: unknown = holder === undefined ? undefined : Reflect.get(holder, name);
  return Array.isArray(list) ? list : [];
}
