import { PermissionFlagsBits } from 'discord.js';
import { refuse } from '../discord-error.ts';
import { channelPayload, messagePayload } from '../payloads.ts';
import type { State } from '../state.ts';
import { botPermissionsIn, type Channel, type Person, type World } from '../world.ts';
import { at, type Incoming, NO_CONTENT, ok, type Route } from './request.ts';
import { checkSchema } from './schema.ts';
import { editedContent, newContent, pingsOf, readMessage, uploadLimit } from './writing.ts';

const { AttachFiles, ReadMessageHistory, SendMessages, SendMessagesInThreads, ViewChannel } = PermissionFlagsBits;
const MAX_LISTED = 100;
const FIVE_IN_FIVE_SECONDS = { requests: 5, windowMs: 5000 };

/** The channel, if the bot may do this in it. @throws DiscordError 10003, 50001, 50007, 50013 */
function openChannel({ world }: State, id: string, needs: readonly bigint[]): Channel {
  const channel = world.channels.get(id);
  if (channel === undefined || channel.isDeleted) throw refuse.unknownChannel();
  switch (channel.kind) {
    case 'group':
      // Bots are never members of a group.
      throw refuse.missingAccess();
    case 'dm':
      if (needs.length > 0 && !channel.people.some((person) => mayMessage(person, world)))
        throw refuse.cannotMessageUser();
      return channel;
    case 'text':
    case 'thread': {
      const granted = botPermissionsIn(channel);
      if (!channel.server.hasBot || (granted & ViewChannel) === 0n) throw refuse.missingAccess();
      if (needs.some((bit) => (granted & bit) === 0n)) throw refuse.missingPermissions();
      return channel;
    }
  }
}

/** Discord asks for a server in common, or that the person has added the app to their account. */
function mayMessage(person: Person, { servers }: World): boolean {
  const shares = [...servers.values()].some(({ hasBot, members }) => hasBot && members.has(person.id));
  return person.takesDirectMessages && (shares || person.hasInstalled);
}

/** The bot's conversation with a person; whether it may write there shows when it does. */
function openDirect({ state, json }: Incoming) {
  checkSchema('createPrivateChannel', json);
  const { recipient_id: id } = json as { readonly recipient_id?: string };
  const person = state.world.people.get(id ?? '');
  if (person === undefined) throw refuse.invalidBody(['recipient_id: unknown user']);
  return ok(channelPayload(state.world.directMessages(person)));
}

const writing = ({ state, path, files }: Incoming): readonly bigint[] => {
  const isThread = state.world.channels.get(path.channel ?? '')?.kind === 'thread';
  return [isThread ? SendMessagesInThreads : SendMessages, ...(files.size > 0 ? [AttachFiles] : [])];
};

function create(incoming: Incoming) {
  const { state, json } = incoming;
  const channel = openChannel(state, at(incoming, 'channel'), writing(incoming));
  const fields = readMessage('createMessage', json);
  const face = newContent(fields, incoming, uploadLimit(channel), state);
  const nonce = typeof fields.nonce === 'string' ? fields.nonce : undefined;
  const existing = nonce === undefined ? undefined : state.messages.byNonce(channel.id, state.bot.id, nonce);
  if (fields.enforce_nonce === true && existing !== undefined) return ok(messagePayload(existing, state));
  const message = state.messages.add({
    ...face,
    channel,
    authorId: state.bot.id,
    flags: fields.flags ?? 0,
    origin: undefined,
    replyTo: readReference(fields.message_reference, channel, state),
    privateTo: undefined,
    nonce,
    pinged: pingsOf(face.content, fields.allowed_mentions, state),
  });
  return ok(messagePayload(message, state));
}

function readReference(
  reference: { readonly message_id: string; readonly fail_if_not_exists?: boolean } | null | undefined,
  channel: Channel,
  { messages }: State,
): string | undefined {
  if (reference === undefined || reference === null) return undefined;
  const parent = messages.find(reference.message_id);
  if (parent !== undefined && parent.channel === channel && parent.privateTo === undefined) return parent.id;
  if (reference.fail_if_not_exists === false) return undefined;
  throw refuse.invalidBody(['message_reference: Unknown message']);
}

function edit(incoming: Incoming) {
  const { state, json } = incoming;
  const channel = openChannel(state, at(incoming, 'channel'), []);
  const message = state.messages.get(channel.id, at(incoming, 'message'));
  if (message.privateTo !== undefined) throw refuse.unknownMessage();
  if (message.authorId !== state.bot.id) throw refuse.notTheAuthor();
  const fields = readMessage('editMessage', json);
  const edited = state.messages.edit(message.id, editedContent(fields, incoming, message, uploadLimit(channel), state));
  return ok(messagePayload(edited, state));
}

function remove(incoming: Incoming) {
  const { state } = incoming;
  const channel = openChannel(state, at(incoming, 'channel'), []);
  const message = state.messages.get(channel.id, at(incoming, 'message'));
  if (message.privateTo !== undefined) throw refuse.unknownMessage();
  if (message.authorId !== state.bot.id) throw refuse.missingPermissions();
  state.messages.delete(message.id);
  return NO_CONTENT;
}

function list(incoming: Incoming) {
  const { state, query } = incoming;
  const channel = openChannel(state, at(incoming, 'channel'), [ReadMessageHistory]);
  const limit = Math.min(MAX_LISTED, Number(query.get('limit') ?? 50));
  const visible = state.messages.in(channel).filter(({ privateTo }) => privateTo === undefined);
  // Without the privileged intent a bot reads the contents of its own messages only.
  const shown = visible.map((message) => (message.authorId === state.bot.id ? message : { ...message, content: '' }));
  return ok(
    shown
      .toReversed()
      .slice(0, limit)
      .map((message) => messagePayload(message, state)),
  );
}

const base = { auth: 'bot', limit: FIVE_IN_FIVE_SECONDS, major: ['channel'], isGlobal: true } as const;

export const channelRoutes: readonly Route[] = [
  { ...base, method: 'POST', template: '/users/@me/channels', major: [], run: openDirect },
  { ...base, method: 'POST', template: '/channels/:channel/messages', run: create },
  { ...base, method: 'GET', template: '/channels/:channel/messages', run: list },
  { ...base, method: 'PATCH', template: '/channels/:channel/messages/:message', run: edit },
  { ...base, method: 'DELETE', template: '/channels/:channel/messages/:message', run: remove },
];
