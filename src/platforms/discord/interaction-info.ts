import {
  type APIChatInputApplicationCommandInteraction,
  type APIInteraction,
  type APIMessageApplicationCommandInteraction,
  type APIMessageComponentInteraction,
  type APIModalSubmitInteraction,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  InteractionType,
  PermissionFlagsBits,
} from 'discord.js';
import type { ChannelRef } from '../../core/channel.ts';
import type { User } from '../../core/user.ts';
import { isThread, MODERATOR_PERMISSION } from './permissions.ts';

/** What is known of the servers that the bot is in. */
export interface Servers {
  /** Whether a channel is one for adults; undefined when it is not known. */
  isAgeRestricted(channelId: string): boolean | undefined;
  /** Whether the bot is among the members of a server. */
  isInServer(guildId: string): boolean;
}

/** Interactions that people wait for an answer to. */
export type AnswerableInteraction =
  | APIChatInputApplicationCommandInteraction
  | APIMessageApplicationCommandInteraction
  | APIMessageComponentInteraction
  | APIModalSubmitInteraction;

/** Undefined for what Easel has no use for: pings, entry points, actions on users. */
export function answerableOf(interaction: APIInteraction): AnswerableInteraction | undefined {
  switch (interaction.type) {
    case InteractionType.ApplicationCommand:
      return interaction.data.type === ApplicationCommandType.ChatInput ||
        interaction.data.type === ApplicationCommandType.Message
        ? (interaction as APIChatInputApplicationCommandInteraction | APIMessageApplicationCommandInteraction)
        : undefined;
    case InteractionType.MessageComponent:
    case InteractionType.ModalSubmit:
      return interaction;
    case InteractionType.Ping:
    case InteractionType.ApplicationCommandAutocomplete:
      return undefined;
  }
}

/**
 * Whether the bot can post and edit here by itself. Where only the person has installed it, or between people, all it
 * has is the interaction's token.
 */
export function isMember(interaction: APIInteraction, servers: Servers): boolean {
  if (interaction.context === InteractionContextType.PrivateChannel) return false;
  const { guild_id: server, authorizing_integration_owners: owners } = interaction;
  if (server === undefined) return true;
  return owners[ApplicationIntegrationType.GuildInstall] === server || servers.isInServer(server);
}

/** Settings go by the channel, messages to the thread. */
export function channelOf({ channel, channel_id }: APIInteraction): ChannelRef {
  const id = channel?.id ?? channel_id ?? '';
  const parent = channel !== undefined && 'parent_id' in channel ? channel.parent_id : undefined;
  if (!isThread(channel?.type) || typeof parent !== 'string') return { platform: 'discord', channelId: id };
  return { platform: 'discord', channelId: parent, threadId: id };
}

/** The channel or thread that messages go to. */
export function targetOf({ threadId, channelId }: ChannelRef): string {
  return threadId ?? channelId;
}

/** Who asks. In direct messages there is no member, only a user. */
export function userOf({ member, user: direct }: APIInteraction): User {
  const user = member?.user ?? direct;
  const name = member?.nick ?? user?.global_name ?? user?.username ?? 'someone';
  return { platform: 'discord', id: user?.id ?? '', name };
}

export function isModerator(interaction: APIInteraction): boolean {
  if (interaction.context === InteractionContextType.BotDM) return true;
  const permissions = BigInt(interaction.member?.permissions ?? 0);
  return (permissions & (MODERATOR_PERMISSION | PermissionFlagsBits.Administrator)) !== 0n;
}

/** A thread is as its channel is. */
export function isAgeRestricted(interaction: APIInteraction, servers: Servers): boolean {
  const { channel } = interaction;
  if (channel !== undefined && 'nsfw' in channel && channel.nsfw === true) return true;
  return servers.isAgeRestricted(channelOf(interaction).channelId) ?? false;
}
