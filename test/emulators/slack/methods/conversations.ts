import { type Arguments, type Method, type MethodContext, SlackRefusal } from '../method.ts';
import { BOT, type Channel, type Message } from '../workspace.ts';
import { received } from './chat.ts';

const TIER_3 = 50;
const PREFIXES: Readonly<Record<Channel['kind'], string>> = { public: 'channels', private: 'groups', im: 'im' };
const LOOK = ['channel', 'limit', 'latest', 'oldest', 'inclusive', 'include_all_metadata'];

/** Each kind of channel has its own scope. */
function readable(args: Arguments, { workspace, scopes }: MethodContext, right: 'history' | 'read'): Channel {
  const channel = workspace.channels.get(args.text('channel'));
  if (channel === undefined) throw new SlackRefusal('channel_not_found');
  const isMember = channel.members.has(BOT.id);
  if (!isMember && channel.kind !== 'public') throw new SlackRefusal('channel_not_found');
  const scope = `${PREFIXES[channel.kind]}:${right}`;
  if (!scopes.includes(scope)) throw new SlackRefusal('missing_scope', [scope]);
  if (right === 'history' && !isMember) throw new SlackRefusal('not_in_channel');
  return channel;
}

function within(args: Arguments, messages: readonly Message[]): Message[] {
  const [latest, oldest] = [args.optional('latest') ?? '9', args.optional('oldest') ?? '0'];
  const inclusive = args.flag('inclusive');
  return messages.filter(({ ts, onlyFor }) => {
    if (onlyFor !== undefined) return false;
    return inclusive ? ts <= latest && ts >= oldest : ts < latest && ts > oldest;
  });
}

function shown(args: Arguments, messages: readonly Message[]) {
  const withMetadata = args.flag('include_all_metadata');
  return messages.slice(0, Number(args.optional('limit') ?? 100)).map((message) => {
    const { metadata, ...rest } = received(message);
    return withMetadata ? { ...rest, metadata } : rest;
  });
}

const history: Method = {
  scopes: [],
  takes: LOOK,
  perMinute: TIER_3,
  run: (args, context) => {
    const channel = readable(args, context, 'history');
    const inChannel = context.workspace.messages.filter(
      (message) => message.channel === channel.id && message.threadTs === undefined,
    );
    return { messages: shown(args, within(args, inChannel).toReversed()), has_more: false };
  },
};

const replies: Method = {
  scopes: [],
  takes: [...LOOK, 'ts'],
  perMinute: TIER_3,
  run: (args, context) => {
    const channel = readable(args, context, 'history');
    const ts = args.text('ts');
    const inThread = context.workspace.messages.filter(
      (message) => message.channel === channel.id && (message.ts === ts || message.threadTs === ts),
    );
    if (inThread.length === 0) throw new SlackRefusal('thread_not_found');
    return { messages: shown(args, within(args, inThread)), has_more: false };
  },
};

const info: Method = {
  scopes: [],
  takes: ['channel'],
  perMinute: TIER_3,
  run: (args, context) => {
    const channel = readable(args, context, 'read');
    return {
      channel: {
        id: channel.id,
        name: channel.name,
        is_im: channel.kind === 'im',
        is_mpim: false,
        is_private: channel.kind !== 'public',
        is_archived: channel.isArchived,
        ...(channel.kind !== 'im' && { is_member: channel.members.has(BOT.id) }),
      },
    };
  },
};

const open: Method = {
  scopes: ['im:write'],
  takes: ['users'],
  perMinute: TIER_3,
  run: (args, { workspace }) => {
    const user = args.text('users');
    if (!workspace.people.has(user)) throw new SlackRefusal('user_not_found');
    return { channel: { id: workspace.directChannel(user).id } };
  },
};

export const conversationMethods: Readonly<Record<string, Method>> = {
  'conversations.history': history,
  'conversations.replies': replies,
  'conversations.info': info,
  'conversations.open': open,
};
