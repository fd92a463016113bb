import { type Arguments, type Method, type MethodContext, SlackRefusal } from '../method.ts';
import { type Block, BOT, type Channel, type Message } from '../workspace.ts';

const TIER_3 = 50;
const TIER_4 = 100;
/** "Several hundred" in a workspace, beside one a second in each channel. */
const POSTS_PER_MINUTE = 300;
const CONTENT = ['channel', 'text', 'blocks', 'metadata', 'thread_ts', 'unfurl_links', 'unfurl_media'];
const MAX_TEXT = 40_000;

/** A channel that the bot may write to. */
function openChannel(args: Arguments, { workspace, scopes }: MethodContext): Channel {
  const id = args.text('channel');
  const channel = workspace.channels.get(id);
  if (channel === undefined) throw new SlackRefusal('channel_not_found');
  const isMember = channel.members.has(BOT.id);
  if (!isMember && channel.kind !== 'public') throw new SlackRefusal('channel_not_found');
  if (channel.isArchived) throw new SlackRefusal('is_archived');
  if (!isMember && !scopes.includes('chat:write.public')) throw new SlackRefusal('not_in_channel');
  return channel;
}

function contentOf(args: Arguments, { checkBlocks }: MethodContext): Pick<Message, 'text' | 'blocks'> {
  const text = args.optional('text') ?? '';
  const blocks = args.json('blocks') ?? [];
  if (text === '' && Array.isArray(blocks) && blocks.length === 0) throw new SlackRefusal('no_text');
  if (text.length > MAX_TEXT) throw new SlackRefusal('msg_too_long');
  checkBlocks(blocks, 'message');
  return { text, blocks: blocks as Block[] };
}

function threadOf(args: Arguments, channel: Channel, { workspace }: MethodContext): string | undefined {
  const threadTs = args.optional('thread_ts');
  if (threadTs === undefined) return undefined;
  const root = workspace.messages.find(({ channel: id, ts }) => id === channel.id && ts === threadTs);
  if (root === undefined) throw new SlackRefusal('thread_not_found');
  return threadTs;
}

const postMessage: Method = {
  scopes: ['chat:write'],
  takes: CONTENT,
  perMinute: POSTS_PER_MINUTE,
  run: (args, context) => {
    const channel = openChannel(args, context);
    const threadTs = threadOf(args, channel, context);
    const { workspace } = context;
    // Without these Slack shows previews of what a prompt links to.
    if (args.optional('unfurl_links') !== 'false' || args.optional('unfurl_media') !== 'false') {
      throw new SlackRefusal('invalid_arguments', ['this emulator wants unfurling switched off']);
    }
    const message: Message = {
      channel: channel.id,
      ts: workspace.nextTs(),
      user: BOT.id,
      ...contentOf(args, context),
      ...(threadTs !== undefined && { threadTs }),
      metadata: args.json('metadata'),
      isEdited: false,
    };
    workspace.messages.push(message);
    workspace.keep(message);
    return { channel: channel.id, ts: message.ts, message: { ...received(message), bot_id: 'BEASEL' } };
  },
};

const postEphemeral: Method = {
  scopes: ['chat:write'],
  takes: [...CONTENT, 'user'].filter((name) => !name.startsWith('unfurl') && name !== 'metadata'),
  perMinute: TIER_4,
  run: (args, context) => {
    const channel = openChannel(args, context);
    const user = args.text('user');
    const { workspace } = context;
    if (!channel.members.has(BOT.id)) throw new SlackRefusal('not_in_channel');
    if (!channel.members.has(user)) throw new SlackRefusal('user_not_in_channel');
    const threadTs = threadOf(args, channel, context);
    const message: Message = {
      channel: channel.id,
      ts: workspace.nextTs(),
      user: BOT.id,
      onlyFor: user,
      ...contentOf(args, context),
      ...(threadTs !== undefined && { threadTs }),
      isEdited: false,
    };
    workspace.messages.push(message);
    workspace.keep(message);
    return { message_ts: message.ts };
  },
};

function ownMessage(args: Arguments, { workspace }: MethodContext): Message {
  const [channel, ts] = [args.text('channel'), args.text('ts')];
  const message = workspace.messages.find((candidate) => candidate.channel === channel && candidate.ts === ts);
  // Slack forgets what it showed to one person.
  if (message === undefined || message.onlyFor !== undefined) throw new SlackRefusal('message_not_found');
  if (message.user !== BOT.id) throw new SlackRefusal('cant_update_message');
  return message;
}

const update: Method = {
  scopes: ['chat:write'],
  takes: ['channel', 'ts', 'text', 'blocks', 'metadata'],
  perMinute: TIER_3,
  run: (args, context) => {
    const channel = openChannel(args, context);
    const message = ownMessage(args, context);
    Object.assign(message, contentOf(args, context), { isEdited: true });
    context.workspace.keep(message);
    return { channel: channel.id, ts: message.ts, text: message.text };
  },
};

const remove: Method = {
  scopes: ['chat:write'],
  takes: ['channel', 'ts'],
  perMinute: TIER_3,
  run: (args, context) => {
    openChannel(args, context);
    const { messages } = context.workspace;
    const message = ownMessage(args, context);
    messages.splice(messages.indexOf(message), 1);
    return { channel: message.channel, ts: message.ts };
  },
};

/** A message as events and history have it. */
export function received(message: Message): Readonly<Record<string, unknown>> {
  const { ts, user, text, blocks, threadTs, metadata } = message;
  return {
    type: 'message',
    ts,
    user,
    text,
    blocks: blocks.map((block, index) => ({ block_id: `b${index}`, ...block })),
    ...(threadTs !== undefined && { thread_ts: threadTs }),
    ...(metadata !== undefined && { metadata }),
  };
}

export const chatMethods: Readonly<Record<string, Method>> = {
  'chat.postMessage': postMessage,
  'chat.postEphemeral': postEphemeral,
  'chat.update': update,
  'chat.delete': remove,
};
