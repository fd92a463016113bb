import { type APIModalInteractionResponseCallbackData, InteractionResponseType, MessageFlags } from 'discord.js';
import { refuse } from '../discord-error.ts';
import type { EmulatedInteraction } from '../interactions.ts';
import { LOADING, type Origin, type StoredMessage } from '../messages.ts';
import { messagePayload } from '../payloads.ts';
import type { State } from '../state.ts';
import type { MessageFields } from './message-rules.ts';
import { modalProblems } from './modal-rules.ts';
import { at, type Incoming, NO_CONTENT, ok, type Route } from './request.ts';
import { checkSchema } from './schema.ts';
import { editedContent, newContent, pingsOf, readMessage, uploadLimit } from './writing.ts';

const EPHEMERAL: number = MessageFlags.Ephemeral;

function originOf({ id, person, command }: EmulatedInteraction): Origin {
  return { interactionId: id, personId: person.id, command };
}

function add(asked: EmulatedInteraction, fields: MessageFields, incoming: Incoming, isPrivate: boolean): StoredMessage {
  const { state } = incoming;
  const face = newContent(fields, incoming, limitOf(asked), state);
  return state.messages.add({
    ...face,
    channel: asked.channel,
    authorId: state.bot.id,
    flags: (fields.flags ?? 0) & ~EPHEMERAL,
    origin: originOf(asked),
    replyTo: undefined,
    privateTo: isPrivate ? asked.person.id : undefined,
    nonce: undefined,
    pinged: pingsOf(face.content, fields.allowed_mentions, state),
  });
}

/** "Easel is thinking…" */
function addPlace(asked: EmulatedInteraction, isPrivate: boolean, { messages, bot }: State): StoredMessage {
  return messages.add({
    ...{ content: '', attachments: [], rows: [], flags: LOADING, channel: asked.channel, authorId: bot.id },
    ...{ origin: originOf(asked), replyTo: undefined, nonce: undefined, pinged: [] },
    privateTo: isPrivate ? asked.person.id : undefined,
  });
}

function callback(incoming: Incoming) {
  const { state, json } = incoming;
  checkSchema('callback', json);
  const { type, data } = json as { readonly type: InteractionResponseType; readonly data?: MessageFields };
  checkKind(type, incoming);
  // What is said is read before the interaction is taken: a refused body leaves it waiting for another.
  if (type === InteractionResponseType.ChannelMessageWithSource)
    newContent(readData(data), incoming, limitOf(askedIn(incoming)), state);
  if (type === InteractionResponseType.Modal) {
    const problems = modalProblems(data as unknown as APIModalInteractionResponseCallbackData);
    if (problems.length > 0) throw refuse.invalidBody(problems);
  }
  const asked = state.interactions.acknowledge(at(incoming, 'interaction'), at(incoming, 'token'));
  const message = respond(asked, type, data, incoming);
  if (message !== undefined) asked.originalId = message.id;
  if (incoming.query.get('with_response') !== 'true') return NO_CONTENT;
  const resource = message === undefined ? {} : { resource: { type, message: messagePayload(message, state) } };
  return ok({ interaction: { id: asked.id, type: 2 }, ...resource });
}

function readData(data: MessageFields | undefined): MessageFields {
  return readMessage('followUp', data ?? {});
}

function askedIn(incoming: Incoming): EmulatedInteraction {
  const asked = incoming.state.interactions.all().find(({ id }) => id === incoming.path.interaction);
  if (asked === undefined) throw refuse.unknownInteraction();
  return asked;
}

/** Bytes of one file in an answer: what the interaction has promised. */
function limitOf({ channel, person }: EmulatedInteraction): number {
  return uploadLimit(channel, person);
}

/** Suggestions answer typing alone, and updates answer what hangs on a message. */
function checkKind(type: InteractionResponseType, incoming: Incoming): void {
  const asked = askedIn(incoming);
  const isTyping = asked.kind === 'autocomplete';
  const isSuggestion = type === InteractionResponseType.ApplicationCommandAutocompleteResult;
  const isUpdate =
    type === InteractionResponseType.DeferredMessageUpdate || type === InteractionResponseType.UpdateMessage;
  const isWrong =
    isTyping !== isSuggestion ||
    (isUpdate && asked.originalId === undefined) ||
    (type === InteractionResponseType.Modal && asked.kind === 'modal');
  if (isWrong) throw refuse.invalidBody([`type: ${type} does not answer a ${asked.kind}`]);
}

/** @returns the message that the token calls its original from now on */
function respond(
  asked: EmulatedInteraction,
  type: InteractionResponseType,
  data: MessageFields | undefined,
  incoming: Incoming,
): StoredMessage | undefined {
  const isPrivate = ((data?.flags ?? 0) & EPHEMERAL) !== 0;
  switch (type) {
    case InteractionResponseType.ChannelMessageWithSource:
      asked.isPrivate = isPrivate;
      return add(asked, data ?? {}, incoming, isPrivate);
    case InteractionResponseType.DeferredChannelMessageWithSource:
      asked.isPrivate = isPrivate;
      return addPlace(asked, isPrivate, incoming.state);
    case InteractionResponseType.UpdateMessage: {
      const message = incoming.state.messages.get(asked.channel.id, asked.originalId ?? '');
      const face = editedContent(
        readMessage('editFollowUp', data ?? {}),
        incoming,
        message,
        limitOf(asked),
        incoming.state,
      );
      return incoming.state.messages.edit(message.id, face);
    }
    case InteractionResponseType.ApplicationCommandAutocompleteResult:
      asked.choices =
        (data as { readonly choices?: NonNullable<EmulatedInteraction['choices']> } | undefined)?.choices ?? [];
      return undefined;
    case InteractionResponseType.Modal:
      asked.modal = data as unknown as APIModalInteractionResponseCallbackData;
      return undefined;
    default:
      return undefined;
  }
}

function followUp(incoming: Incoming) {
  const { state, json } = incoming;
  const asked = state.interactions.byToken(at(incoming, 'token'));
  const fields = readMessage('followUp', json);
  const original = asked.originalId === undefined ? undefined : state.messages.find(asked.originalId);
  // The first message after "thinking…" takes that place, whatever flags it has.
  if (original !== undefined && (original.flags & LOADING) !== 0) {
    const edited = state.messages.edit(original.id, {
      ...newContent(fields, incoming, limitOf(asked), state),
      flags: 0,
    });
    return ok(messagePayload(edited, state));
  }
  const message = add(asked, fields, incoming, ((fields.flags ?? 0) & EPHEMERAL) !== 0);
  return ok(messagePayload(message, state));
}

/** A message that this token may touch, and whose token it is. */
function own(incoming: Incoming): { readonly asked: EmulatedInteraction; readonly message: StoredMessage } {
  const { state } = incoming;
  const asked = state.interactions.byToken(at(incoming, 'token'));
  const name = decodeURIComponent(at(incoming, 'message'));
  const id = name === '@original' ? asked.originalId : name;
  const message = state.messages.get(asked.channel.id, id ?? '');
  if (message.authorId !== state.bot.id) throw refuse.unknownMessage();
  return { asked, message };
}

function editOwn(incoming: Incoming) {
  const { state, json } = incoming;
  const { asked, message } = own(incoming);
  const fields = readMessage('editFollowUp', json);
  const face = editedContent(fields, incoming, message, limitOf(asked), state);
  return ok(messagePayload(state.messages.edit(message.id, { ...face, flags: message.flags & ~LOADING }), state));
}

function removeOwn(incoming: Incoming) {
  incoming.state.messages.delete(own(incoming).message.id);
  return NO_CONTENT;
}

const byToken = { auth: 'token', isGlobal: false } as const;
const follow = { ...byToken, limit: { requests: 5, windowMs: 2000 }, major: ['application', 'token'] } as const;
const MESSAGE = '/webhooks/:application/:token/messages/:message';

export const interactionRoutes: readonly Route[] = [
  {
    ...{ ...byToken, method: 'POST', template: '/interactions/:interaction/:token/callback', run: callback },
    ...{ limit: { requests: 1000, windowMs: 1000 }, major: ['interaction'] },
  },
  { ...follow, method: 'POST', template: '/webhooks/:application/:token', run: followUp },
  {
    ...follow,
    method: 'GET',
    template: MESSAGE,
    run: (incoming) => ok(messagePayload(own(incoming).message, incoming.state)),
  },
  { ...follow, method: 'PATCH', template: MESSAGE, run: editOwn },
  { ...follow, method: 'DELETE', template: MESSAGE, run: removeOwn },
];
