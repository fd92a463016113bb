import { ApplicationIntegrationType, InteractionContextType, InteractionType } from 'discord.js';
import type { EmulatedInteraction, InteractionKind } from './interactions.ts';
import { appPermissions, interactionChannelPayload, memberPayload, userPayload } from './payloads.ts';
import { uploadLimit } from './rest/writing.ts';
import type { State } from './state.ts';
import type { Channel, Membership, Person } from './world.ts';

const TYPES: Readonly<Record<InteractionKind, InteractionType>> = {
  command: InteractionType.ApplicationCommand,
  message_command: InteractionType.ApplicationCommand,
  button: InteractionType.MessageComponent,
  modal: InteractionType.ModalSubmit,
  autocomplete: InteractionType.ApplicationCommandAutocomplete,
};

export function contextOf(channel: Channel): InteractionContextType {
  switch (channel.kind) {
    case 'text':
    case 'thread':
      return InteractionContextType.Guild;
    case 'dm':
      return InteractionContextType.BotDM;
    case 'group':
      return InteractionContextType.PrivateChannel;
  }
}

/** On whose behalf the bot is there: the server's, the person's, or both. */
export function ownersOf(channel: Channel, person: Person): Partial<Record<ApplicationIntegrationType, string>> {
  const byServer = 'server' in channel ? (channel.server.hasBot ? channel.server.id : undefined) : undefined;
  const inDm = channel.kind === 'dm' ? '0' : undefined;
  const server = byServer ?? inDm;
  return {
    ...(server !== undefined && { [ApplicationIntegrationType.GuildInstall]: server }),
    ...(person.hasInstalled && { [ApplicationIntegrationType.UserInstall]: person.id }),
  };
}

export function membershipIn(channel: Channel, person: Person): Membership | undefined {
  return 'server' in channel ? channel.server.members.get(person.id) : undefined;
}

/** INTERACTION_CREATE: in a server there is a member, elsewhere only a user. */
export function interactionPayload(asked: EmulatedInteraction, data: object, extra: object, { bot }: State): object {
  const { person, channel } = asked;
  const membership = membershipIn(channel, person);
  return {
    ...{ id: asked.id, application_id: bot.id, type: TYPES[asked.kind], token: asked.token, version: 1, data },
    ...{ channel_id: channel.id, channel: interactionChannelPayload(channel, membership?.permissions ?? 0n) },
    ...('server' in channel
      ? {
          ...{ guild_id: channel.server.id, guild: { id: channel.server.id, locale: 'en-GB', features: [] } },
          ...{
            guild_locale: 'en-GB',
            member: membership === undefined ? undefined : memberPayload(membership, person),
          },
        }
      : { user: userPayload(person) }),
    ...{ locale: person.locale, app_permissions: `${appPermissions(channel)}`, entitlements: [] },
    ...{ authorizing_integration_owners: ownersOf(channel, person), context: contextOf(channel) },
    attachment_size_limit: uploadLimit(channel, person),
    ...extra,
  };
}
