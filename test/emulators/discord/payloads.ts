import { ChannelType, GuildMemberFlags, InteractionType, MessageType } from 'discord.js';
import type { StoredAttachment, StoredMessage } from './messages.ts';
import type { State } from './state.ts';
import { botPermissionsIn, type Channel, type Membership, type Person, type Server } from './world.ts';

/** Things in the form in which Discord sends them. */

const iso = (ms: number): string => new Date(ms).toISOString();

export function userPayload({ id, username, name }: Pick<Person, 'id' | 'username' | 'name'>) {
  return {
    ...{ id, username, global_name: name, discriminator: '0', avatar: null, bot: false },
    ...{ public_flags: 0, flags: 0, banner: null, accent_color: null, avatar_decoration_data: null, clan: null },
  };
}

export function botPayload({ bot }: State) {
  return { ...userPayload({ id: bot.id, username: 'easel', name: bot.name }), global_name: null, bot: true };
}

export function memberPayload({ roles, permissions, nickname }: Membership, person: Person) {
  return {
    ...{ user: userPayload(person), roles, permissions: `${permissions}`, nick: nickname ?? null, avatar: null },
    ...{ banner: null, joined_at: iso(0), premium_since: null, deaf: false, mute: false, pending: false },
    ...{ flags: GuildMemberFlags.CompletedOnboarding, communication_disabled_until: null },
  };
}

export function channelPayload(channel: Channel) {
  const base = { id: channel.id, last_message_id: null };
  switch (channel.kind) {
    case 'text':
      return {
        ...{ ...base, type: ChannelType.GuildText, name: channel.name, nsfw: channel.isAgeRestricted, position: 0 },
        ...{
          guild_id: channel.server.id,
          parent_id: null,
          permission_overwrites: [],
          rate_limit_per_user: 0,
          topic: null,
        },
      };
    case 'thread':
      return {
        ...{ ...base, type: ChannelType.PublicThread, name: channel.name, parent_id: channel.parent.id },
        ...{ guild_id: channel.server.id, owner_id: '0', message_count: 0, member_count: 1, rate_limit_per_user: 0 },
        thread_metadata: { archived: false, auto_archive_duration: 1440, archive_timestamp: iso(0), locked: false },
      };
    case 'dm':
      return { ...base, type: ChannelType.DM, recipients: channel.people.map(userPayload), flags: 0 };
    case 'group':
      return {
        ...{ ...base, type: ChannelType.GroupDM, recipients: channel.people.map(userPayload), name: null },
        ...{ icon: null, owner_id: channel.people[0]?.id, flags: 0 },
      };
  }
}

/** In an interaction: without position and overwrites, with what the person may do. */
export function interactionChannelPayload(channel: Channel, permissions: bigint) {
  return { ...channelPayload(channel), ...('server' in channel && { permissions: `${permissions}` }) };
}

export function guildPayload(server: Server, state: State) {
  const channels = [...state.world.channels.values()].filter(
    (channel) => 'server' in channel && channel.server === server && !channel.isDeleted,
  );
  const everyone = {
    ...{ id: server.id, name: '@everyone', permissions: '0', position: 0, color: 0, hoist: false, managed: false },
    ...{ mentionable: false, flags: 0, icon: null, unicode_emoji: null, tags: {} },
  };
  return {
    ...{ id: server.id, name: server.name, icon: null, owner_id: '1', premium_tier: server.premiumTier },
    ...{ roles: [everyone], emojis: [], stickers: [], features: [], members: [], presences: [], voice_states: [] },
    channels: channels.filter(({ kind }) => kind === 'text').map(channelPayload),
    threads: channels.filter(({ kind }) => kind === 'thread').map(channelPayload),
    ...{ member_count: server.members.size + 1, large: false, unavailable: false, joined_at: iso(0) },
    ...{ stage_instances: [], guild_scheduled_events: [], soundboard_sounds: [], system_channel_flags: 0 },
    ...{ verification_level: 0, default_message_notifications: 0, explicit_content_filter: 0, mfa_level: 0 },
    ...{ nsfw_level: 0, nsfw: false, afk_timeout: 300, preferred_locale: 'en-GB', premium_subscription_count: 0 },
    ...{ application_id: null, premium_progress_bar_enabled: false, safety_alerts_channel_id: null },
  };
}

export function attachmentPayload({ id, filename, contentType, description, data }: StoredAttachment, state: State) {
  const url = `${state.origin}/attachments/${id}/${encodeURIComponent(filename)}?ex=0&is=0&hm=0`;
  return {
    ...{ id, filename, size: data.length, url, proxy_url: url, content_type: contentType },
    ...(description !== undefined && { description }),
  };
}

export function messagePayload(message: StoredMessage, state: State): object {
  const { id, channel, authorId, content, at, editedAt, origin, replyTo, rows, flags } = message;
  const author = state.world.people.get(authorId);
  return {
    ...{ id, channel_id: channel.id, content, timestamp: iso(at), edited_timestamp: editedAt ? iso(editedAt) : null },
    author: author === undefined ? botPayload(state) : userPayload(author),
    type:
      origin?.command !== undefined
        ? MessageType.ChatInputCommand
        : replyTo !== undefined
          ? MessageType.Reply
          : MessageType.Default,
    attachments: message.attachments.map((attachment) => attachmentPayload(attachment, state)),
    components: rows.map((row, index) => ({ ...row, id: index + 1 })),
    ...{ embeds: [], mentions: [], mention_roles: [], mention_everyone: false, pinned: false, tts: false, flags },
    ...(authorId === state.bot.id && { application_id: state.bot.id }),
    ...(message.nonce !== undefined && { nonce: message.nonce }),
    ...(replyTo !== undefined && { message_reference: { type: 0, channel_id: channel.id, message_id: replyTo } }),
    ...(origin !== undefined && { interaction_metadata: originPayload(origin, state) }),
  };
}

function originPayload(origin: NonNullable<StoredMessage['origin']>, { world, bot }: State) {
  const person = world.people.get(origin.personId);
  return {
    id: origin.interactionId,
    type: origin.command === undefined ? InteractionType.MessageComponent : InteractionType.ApplicationCommand,
    user: person === undefined ? undefined : userPayload(person),
    authorizing_integration_owners: { 0: bot.id },
  };
}

/** What the bot may do where the interaction comes from. */
export function appPermissions(channel: Channel): bigint {
  // In conversations Discord grants what an app needs there.
  return channel.kind === 'text' || channel.kind === 'thread' ? botPermissionsIn(channel) : 0x8000n | 0x800n | 0x400n;
}
