import {
  type APIApplicationCommand,
  type APIApplicationCommandOptionChoice,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  ComponentType,
  InteractionContextType,
} from 'discord.js';
import { fillForm } from './fill-form.ts';
import { fillOptions, type OptionValues, type Upload } from './fill-options.ts';
import type { Gateway } from './gateway/gateway.ts';
import { contextOf, interactionPayload, membershipIn, ownersOf } from './interaction-payload.ts';
import type { EmulatedInteraction, InteractionKind } from './interactions.ts';
import { messagePayload } from './payloads.ts';
import type { State } from './state.ts';
import { labelOf, type VisibleMessage, visibleMessages } from './visible-message.ts';
import { botPermissionsIn, type Channel, type Person } from './world.ts';

/** What a person does in Discord; what their client would not let them do throws. */
export interface Actor {
  readonly person: Person;
  /** Does not wait for the bot. */
  begin(channel: Channel, command: string, options?: OptionValues): EmulatedInteraction;
  /** Settles when the bot has said its first word, or has been too late for it. */
  type(channel: Channel, command: string, options?: OptionValues): Promise<EmulatedInteraction>;
  press(messageId: string, label: string): Promise<EmulatedInteraction>;
  /** *Apps* → title. */
  choose(messageId: string, title: string): Promise<EmulatedInteraction>;
  /** Fills in the form that the bot has opened and sends it. */
  fill(opened: EmulatedInteraction, values: Readonly<Record<string, string>>): Promise<EmulatedInteraction>;
  /** What is offered while an option is being typed. */
  suggestions(
    channel: Channel,
    command: string,
    option: string,
    typed: string,
    others?: OptionValues,
  ): Promise<readonly APIApplicationCommandOptionChoice[]>;
  /** Says something, with or without pictures. */
  say(channel: Channel, content: string, pictures?: readonly Upload[]): string;
  delete(messageId: string): void;
  /** Oldest first. */
  sees(channel: Channel): readonly VisibleMessage[];
}

export function createActor(person: Person, state: State, gateway: Gateway): Actor {
  const { messages, interactions, nextId, bot } = state;
  const { settled } = interactions;

  function ask(
    kind: InteractionKind,
    channel: Channel,
    data: object,
    extra: object = {},
    about: Partial<EmulatedInteraction> = {},
  ): EmulatedInteraction {
    const { command, originalId } = about;
    const pressed = originalId === undefined ? {} : { originalId };
    const asked = interactions.open({ id: nextId(), kind, person, channel, command, ...pressed });
    const serverId = 'server' in channel ? channel.server.id : undefined;
    gateway.dispatch('INTERACTION_CREATE', interactionPayload(asked, data, extra, state), serverId);
    return asked;
  }

  function offered(channel: Channel, name: string, type: ApplicationCommandType): APIApplicationCommand {
    const command = state.commands.find((one) => one.name === name && one.type === type);
    if (command === undefined) throw new Error(`there is no command ${name} here`);
    const contexts: readonly InteractionContextType[] = command.contexts ?? [InteractionContextType.Guild];
    if (!contexts.includes(contextOf(channel))) throw new Error(`${name} is not offered in ${channel.kind}`);
    const owners = Object.keys(ownersOf(channel, person)).map(Number);
    const installs = command.integration_types ?? [ApplicationIntegrationType.GuildInstall];
    if (!owners.some((owner) => installs.includes(owner))) throw new Error(`Easel is not installed here`);
    const needed = BigInt(command.default_member_permissions ?? 0);
    const granted = membershipIn(channel, person)?.permissions ?? needed;
    if ((granted & needed) !== needed) throw new Error(`${name} is not shown to ${person.name}`);
    return command;
  }

  function begin(channel: Channel, name: string, values: OptionValues = {}): EmulatedInteraction {
    const command = offered(channel, name, ApplicationCommandType.ChatInput);
    const data = { id: command.id, name, type: command.type, ...fillOptions(command, values, person, state) };
    return ask('command', channel, data, {}, { command: `/${name}` });
  }

  function visible(messageId: string) {
    const message = messages.find(messageId);
    if (message === undefined) throw new Error('the message is gone');
    return message;
  }

  return {
    person,
    begin,
    type: (channel, command, options) => settled(begin(channel, command, options)),
    press: async (messageId, label) => {
      const message = visible(messageId);
      const button = message.rows.flatMap((row) => row.components).find((one) => labelOf(one) === label);
      if (button === undefined || !('custom_id' in button)) throw new Error(`there is no button ${label}`);
      if (button.disabled === true) throw new Error(`${label} is disabled`);
      const flags = message.privateTo === undefined ? message.flags : message.flags | (1 << 6);
      const extra = { message: messagePayload({ ...message, flags }, state) };
      const data = { custom_id: button.custom_id, component_type: ComponentType.Button };
      return settled(ask('button', message.channel, data, extra, { originalId: messageId }));
    },
    choose: (messageId, title) => {
      const message = visible(messageId);
      const command = offered(message.channel, title, ApplicationCommandType.Message);
      const resolved = { messages: { [messageId]: messagePayload(message, state) } };
      const data = { id: command.id, name: title, type: command.type, target_id: messageId, resolved };
      return settled(ask('message_command', message.channel, data, {}, { command: title }));
    },
    fill: (opened, values) => {
      if (opened.modal === undefined) throw new Error('no form was opened');
      const components = fillForm(opened.modal.components, values);
      const extra =
        opened.originalId === undefined ? {} : { message: messagePayload(visible(opened.originalId), state) };
      const about = opened.originalId === undefined ? {} : { originalId: opened.originalId };
      return settled(ask('modal', opened.channel, { custom_id: opened.modal.custom_id, components }, extra, about));
    },
    suggestions: async (channel, name, option, typed, others = {}) => {
      const command = offered(channel, name, ApplicationCommandType.ChatInput);
      const typing = command.options?.find((one) => one.name === option);
      if (typing === undefined || !('autocomplete' in typing) || typing.autocomplete !== true) {
        throw new Error(`${option} offers nothing while typing`);
      }
      const rest = Object.entries(others).map(([key, value]) => ({
        name: key,
        type: ApplicationCommandOptionType.String,
        value,
      }));
      const options = [...rest, { name: option, type: typing.type, value: typed, focused: true }];
      const data = { id: command.id, name, type: command.type, options };
      return (await settled(ask('autocomplete', channel, data))).choices ?? [];
    },
    say: (channel, content, pictures = []) => {
      const attachments = pictures.map((picture) => ({ ...picture, id: nextId(), description: undefined }));
      return messages.add({
        ...{ content, attachments, rows: [], flags: 0, channel, authorId: person.id, pinged: [] },
        ...{ origin: undefined, replyTo: undefined, privateTo: undefined, nonce: undefined },
      }).id;
    },
    delete: (messageId) => {
      const { channel, authorId } = visible(messageId);
      const moderates = ((membershipIn(channel, person)?.permissions ?? 0n) & (1n << 13n)) !== 0n;
      if (authorId !== person.id && authorId !== bot.id && !moderates) throw new Error('not theirs to delete');
      messages.delete(messageId);
    },
    sees: (channel) => {
      if ((channel.kind === 'text' || channel.kind === 'thread') && botPermissionsIn(channel) < 0n) return [];
      return visibleMessages(channel, person, state);
    },
  };
}
