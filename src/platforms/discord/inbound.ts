import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIApplicationCommandInteractionDataOption,
  type APIChatInputApplicationCommandInteraction,
  type APIInteraction,
  type APIMessage,
  type APIMessageApplicationCommandInteraction,
  type APIMessageComponentInteraction,
  type APIModalSubmitInteraction,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  ComponentType,
  InteractionContextType,
  InteractionType,
  PermissionFlagsBits,
} from 'discord.js';
import type { ChannelRef } from '../../core/channel.ts';
import type { CommandDescription, MessageActionDescription } from '../../core/command.ts';
import type { OptionValue, Request } from '../../core/request.ts';
import type { User } from '../../core/user.ts';
import { BadInputError } from '../../errors.ts';
import type { Typing } from '../port.ts';
import { readModal } from './modal.ts';
import { isThread, MODERATOR_PERMISSION } from './permissions.ts';
import { picturesOn, toRemotePicture } from './remote-picture.ts';

/** What an interaction does not say of itself. */
export interface Surroundings {
  readonly commands: readonly CommandDescription[];
  /** By the title that people see. */
  readonly messageActions: readonly MessageActionDescription[];
  readonly hosts: readonly string[];
  /** Whether a channel is one for adults; undefined when it is not known. */
  isAgeRestricted(channelId: string): boolean | undefined;
  /** Whether the bot is among the members of a server. */
  isInServer(guildId: string): boolean;
}

/** Interactions that people wait for an answer to. */
export type Asking =
  | APIChatInputApplicationCommandInteraction
  | APIMessageApplicationCommandInteraction
  | APIMessageComponentInteraction
  | APIModalSubmitInteraction;

/** Undefined for what Easel has no use for: pings, entry points, actions on users. */
export function askingOf(interaction: APIInteraction): Asking | undefined {
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

/** @throws BadInputError for what Discord lets through and no command can take */
export function toRequest(interaction: Asking, surroundings: Surroundings): Request {
  const base = {
    id: interaction.id,
    user: userOf(interaction),
    channel: channelOf(interaction),
    isModerator: isModerator(interaction),
    isAgeRestricted: isAgeRestricted(interaction, surroundings),
    roles: interaction.member?.roles ?? [],
  };
  switch (interaction.type) {
    case InteractionType.MessageComponent: {
      const message = { channel: base.channel, messageId: interaction.message.id };
      const pictures = picturesOn(interaction.message, surroundings.hosts);
      return { ...base, kind: 'button', buttonId: interaction.data.custom_id, message, pictures };
    }
    case InteractionType.ModalSubmit:
      return { ...base, kind: 'form', formId: interaction.data.custom_id, values: readModal(interaction.data) };
    case InteractionType.ApplicationCommand:
      return isOnMessage(interaction)
        ? { ...base, ...readMessageAction(interaction, base.channel, surroundings) }
        : { ...base, ...readCommand(interaction, surroundings) };
  }
}

/** Undefined when no option is being typed. */
export function toTyping(interaction: APIApplicationCommandAutocompleteInteraction): Typing | undefined {
  const all = interaction.data.options ?? [];
  const focused = all.find((option) => 'focused' in option && option.focused === true);
  if (focused === undefined || !('value' in focused)) return undefined;
  return {
    user: userOf(interaction),
    channel: channelOf(interaction),
    command: interaction.data.name,
    option: focused.name,
    typed: String(focused.value),
    options: valuesOf(all.filter((option) => option !== focused)),
  };
}

/**
 * Whether the bot can post and edit here by itself. Where only the person has installed it, or between people, all it
 * has is the interaction's token.
 */
export function isMember(interaction: APIInteraction, surroundings: Surroundings): boolean {
  if (interaction.context === InteractionContextType.PrivateChannel) return false;
  const { guild_id: server, authorizing_integration_owners: owners } = interaction;
  if (server === undefined) return true;
  return owners[ApplicationIntegrationType.GuildInstall] === server || surroundings.isInServer(server);
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

/** In direct messages there is no member, only a user. */
function userOf({ member, user: direct }: APIInteraction): User {
  const user = member?.user ?? direct;
  const name = member?.nick ?? user?.global_name ?? user?.username ?? 'someone';
  return { platform: 'discord', id: user?.id ?? '', name };
}

function isModerator(interaction: APIInteraction): boolean {
  if (interaction.context === InteractionContextType.BotDM) return true;
  const permissions = BigInt(interaction.member?.permissions ?? 0);
  return (permissions & (MODERATOR_PERMISSION | PermissionFlagsBits.Administrator)) !== 0n;
}

/** A thread is as its channel is. */
function isAgeRestricted(interaction: APIInteraction, surroundings: Surroundings): boolean {
  const { channel } = interaction;
  if (channel !== undefined && 'nsfw' in channel && channel.nsfw === true) return true;
  return surroundings.isAgeRestricted(channelOf(interaction).channelId) ?? false;
}

function isOnMessage(
  interaction: APIChatInputApplicationCommandInteraction | APIMessageApplicationCommandInteraction,
): interaction is APIMessageApplicationCommandInteraction {
  return interaction.data.type === ApplicationCommandType.Message;
}

function readCommand({ data }: APIChatInputApplicationCommandInteraction, { commands, hosts }: Surroundings) {
  const described = commands.find(({ name }) => name === data.name)?.pictures ?? [];
  const given = described.map(({ name }) => {
    const option = data.options?.find((one) => one.name === name);
    return option?.type === ApplicationCommandOptionType.Attachment
      ? data.resolved?.attachments?.[option.value]
      : undefined;
  });
  const attached = given.filter((attachment) => attachment !== undefined);
  // Which picture is meant goes by their order alone.
  const gap = given.indexOf(undefined);
  if (gap !== -1 && gap < attached.length) {
    throw new BadInputError('picture_missing', `Give \`${described[gap]?.name}\` as well.`);
  }
  return {
    kind: 'command' as const,
    command: data.name,
    options: valuesOf(data.options ?? []),
    text: '',
    pictures: attached.map((attachment) => toRemotePicture(attachment, hosts)),
  };
}

function valuesOf(
  options: readonly APIApplicationCommandInteractionDataOption<InteractionType>[],
): Readonly<Record<string, OptionValue>> {
  const values: Record<string, OptionValue> = {};
  for (const option of options) {
    switch (option.type) {
      case ApplicationCommandOptionType.String:
      case ApplicationCommandOptionType.Integer:
      case ApplicationCommandOptionType.Number:
      case ApplicationCommandOptionType.Boolean:
        values[option.name] = option.value;
        break;
      default:
        break;
    }
  }
  return values;
}

function readMessageAction(
  { data }: APIMessageApplicationCommandInteraction,
  channel: ChannelRef,
  { messageActions, hosts }: Surroundings,
) {
  const target = data.resolved.messages[data.target_id];
  return {
    kind: 'message_action' as const,
    action: messageActions.find(({ title }) => title === data.name)?.action ?? data.name,
    message: { channel, messageId: data.target_id },
    buttonIds: target === undefined ? [] : buttonIdsOn(target),
    pictures: target === undefined ? [] : picturesOn(target, hosts),
  };
}

/** Of the buttons on a message, top to bottom. */
export function buttonIdsOn({ components = [] }: Pick<APIMessage, 'components'>): string[] {
  return components
    .flatMap((row) => (row.type === ComponentType.ActionRow ? row.components : []))
    .flatMap((component) => ('custom_id' in component ? [component.custom_id] : []));
}
