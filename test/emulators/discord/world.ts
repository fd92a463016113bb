import { PermissionFlagsBits } from 'discord.js';

export interface Person {
  readonly id: string;
  /** Lower case, as accounts are named. */
  readonly username: string;
  readonly name: string;
  /** Has added the bot to their own account, and can use it everywhere. */
  hasInstalled: boolean;
  /** Discord's locale code. */
  locale: string;
  /** Bytes of one file: more than everybody's for who pays for it. */
  readonly uploadBytes: number;
  /** Takes direct messages of those whom they share a server with. */
  takesDirectMessages: boolean;
}

export interface Server {
  readonly id: string;
  readonly name: string;
  /** 0 to 3: what it has been boosted to. */
  readonly premiumTier: number;
  /** The bot is a member. */
  hasBot: boolean;
  readonly members: Map<string, Membership>;
}

export interface Membership {
  readonly roles: readonly string[];
  readonly permissions: bigint;
  readonly nickname?: string;
}

export type Channel = ServerChannel | Thread | Conversation;

interface ChannelBase {
  readonly id: string;
  readonly name: string;
  /** Deleted channels are closed to everybody. */
  isDeleted: boolean;
}
export interface ServerChannel extends ChannelBase {
  readonly kind: 'text';
  readonly server: Server;
  readonly isAgeRestricted: boolean;
  /** What the bot may do here. */
  botPermissions: bigint;
}
export interface Thread extends ChannelBase {
  readonly kind: 'thread';
  readonly parent: ServerChannel;
  readonly server: Server;
}
/** With the bot alone, or among people. */
export interface Conversation extends ChannelBase {
  readonly kind: 'dm' | 'group';
  readonly people: readonly Person[];
}

const ORDINARY =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.SendMessagesInThreads |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.UseApplicationCommands;

/** Bytes of one file that everybody may upload everywhere. */
const UPLOAD_BYTES = 10 * 1024 * 1024;

const MODERATOR = ORDINARY | PermissionFlagsBits.ManageMessages;

export function botPermissionsIn(channel: ServerChannel | Thread): bigint {
  return channel.kind === 'thread' ? channel.parent.botPermissions : channel.botPermissions;
}

/** Servers, channels and people. */
export interface World {
  readonly people: ReadonlyMap<string, Person>;
  readonly servers: ReadonlyMap<string, Server>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly roles: ReadonlyMap<string, string>;
  person(name: string, options?: { hasInstalled?: boolean; locale?: string; uploadBytes?: number }): Person;
  server(name: string, options?: { premiumTier?: number; hasBot?: boolean }): Server;
  role(name: string): string;
  join(
    server: Server,
    person: Person,
    options?: { roles?: readonly string[]; moderates?: boolean; nickname?: string },
  ): void;
  channel(server: Server, name: string, options?: { isAgeRestricted?: boolean }): ServerChannel;
  thread(parent: ServerChannel, name: string): Thread;
  /** The one conversation of a person with the bot. */
  directMessages(person: Person): Conversation;
  group(people: readonly Person[]): Conversation;
}

export function createWorld(nextId: () => string): World {
  const people = new Map<string, Person>();
  const servers = new Map<string, Server>();
  const channels = new Map<string, Channel>();
  const roles = new Map<string, string>();

  function add<Kind extends Channel>(channel: Kind): Kind {
    channels.set(channel.id, channel);
    return channel;
  }

  return {
    people,
    servers,
    channels,
    roles,
    person: (name, { hasInstalled = false, locale = 'en-GB', uploadBytes = UPLOAD_BYTES } = {}) => {
      const username = name.toLowerCase();
      const person: Person = {
        ...{ id: nextId(), username, name, hasInstalled, locale, uploadBytes },
        takesDirectMessages: true,
      };
      people.set(person.id, person);
      return person;
    },
    server: (name, { premiumTier = 0, hasBot = true } = {}) => {
      const server: Server = { id: nextId(), name, premiumTier, hasBot, members: new Map() };
      servers.set(server.id, server);
      return server;
    },
    role: (name) => {
      const id = nextId();
      roles.set(id, name);
      return id;
    },
    join: (server, person, { roles = [], moderates = false, nickname } = {}) => {
      const permissions = moderates ? MODERATOR : ORDINARY;
      server.members.set(person.id, { roles, permissions, ...(nickname !== undefined && { nickname }) });
    },
    channel: (server, name, { isAgeRestricted = false } = {}) => {
      const botPermissions = server.hasBot ? ORDINARY : 0n;
      return add({ kind: 'text', id: nextId(), name, server, isAgeRestricted, botPermissions, isDeleted: false });
    },
    thread: (parent, name) =>
      add({ kind: 'thread', id: nextId(), name, parent, server: parent.server, isDeleted: false }),
    directMessages: (person) =>
      [...channels.values()].find(
        (channel): channel is Conversation => channel.kind === 'dm' && channel.people.includes(person),
      ) ?? add({ kind: 'dm', id: nextId(), name: person.name, people: [person], isDeleted: false }),
    group: (members) =>
      add({
        kind: 'group',
        id: nextId(),
        name: members.map(({ name }) => name).join(', '),
        people: members,
        isDeleted: false,
      }),
  };
}
