import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIApplicationCommandInteractionDataOption,
  type APIChatInputApplicationCommandInteraction,
  type APIMessage,
  type APIMessageApplicationCommandInteraction,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ComponentType,
  InteractionType,
} from 'discord.js';
import type { ChannelRef } from '../../core/channel.ts';
import type { CommandDescription, MessageActionDescription } from '../../core/command.ts';
import { BadInputError } from '../../core/errors.ts';
import type { OptionValue, Request } from '../../core/request.ts';
import type { Typing } from '../port.ts';
import {
  type AnswerableInteraction,
  channelOf,
  isAgeRestricted,
  isModerator,
  type Servers,
  userOf,
} from './interaction-info.ts';
import { readModal } from './modal.ts';
import { picturesOn, toRemotePicture } from './remote-picture.ts';

/** What an interaction does not say of itself. */
export interface RequestContext extends Servers {
  readonly commands: readonly CommandDescription[];
  /** By the title that people see. */
  readonly messageActions: readonly MessageActionDescription[];
  readonly hosts: readonly string[];
}

/** @throws BadInputError for what Discord lets through and no command can take */
export function toRequest(interaction: AnswerableInteraction, requestContext: RequestContext): Request {
  const base = {
    id: interaction.id,
    user: userOf(interaction),
    channel: channelOf(interaction),
    isModerator: isModerator(interaction),
    isAgeRestricted: isAgeRestricted(interaction, requestContext),
    roles: interaction.member?.roles ?? [],
  };
  switch (interaction.type) {
    case InteractionType.MessageComponent: {
      const message = { channel: base.channel, messageId: interaction.message.id };
      const pictures = picturesOn(interaction.message, requestContext.hosts);
      return { ...base, kind: 'button', buttonId: interaction.data.custom_id, message, pictures };
    }
    case InteractionType.ModalSubmit:
      return { ...base, kind: 'form', formId: interaction.data.custom_id, values: readModal(interaction.data) };
    case InteractionType.ApplicationCommand:
      return isOnMessage(interaction)
        ? { ...base, ...readMessageAction(interaction, base.channel, requestContext) }
        : { ...base, ...readCommand(interaction, requestContext) };
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

function isOnMessage(
  interaction: APIChatInputApplicationCommandInteraction | APIMessageApplicationCommandInteraction,
): interaction is APIMessageApplicationCommandInteraction {
  return interaction.data.type === ApplicationCommandType.Message;
}

function readCommand({ data }: APIChatInputApplicationCommandInteraction, { commands, hosts }: RequestContext) {
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
  { messageActions, hosts }: RequestContext,
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
