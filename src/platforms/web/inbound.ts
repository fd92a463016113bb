import { LRUCache } from 'lru-cache';
import type { ChannelRef } from '../../core/channel.ts';
import type { CommandDescription } from '../../core/command.ts';
import type { Reply, ReplyPicture } from '../../core/reply.ts';
import type { OptionValue, RemotePicture, Request } from '../../core/request.ts';
import type { Dispatch, DispatchResult } from '../port.ts';
import { apiError } from './api-error.ts';
import { type ChannelState, toWire } from './channel-state.ts';
import { notACommand, readLine } from './command-line.ts';
import type { PictureFiles } from './picture-files.ts';
import { remotePicture, remotePictures } from './remote-picture.ts';
import type { PostedMessage, PostResult, WirePerson } from './wire.ts';

/** Answers kept for a request that is sent again. */
const REMEMBERED_REQUESTS = 500;
/** Private answers whose pictures are kept: they are in memory, and nobody looks at older ones. */
const PICTURED_ANSWERS = 20;

/** What everyone may do on the web, where a name is what a person says it is. */
export interface Permissions {
  readonly isModerator: boolean;
  readonly isAgeRestricted: boolean;
}

export interface CommandPost {
  readonly requestId: string;
  /** As typed, slash included; `options` empty. Or a line made by `writeLine` beside typed options. */
  readonly line: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly pictures: readonly ReplyPicture[];
}

/** Turns what people send into requests, once each. */
export interface Inbound {
  command(person: WirePerson, post: CommandPost): Promise<PostResult>;
  /** A button of a message, or, without one, of a private answer. */
  press(person: WirePerson, press: { requestId: string; messageId?: string; buttonId: string }): Promise<PostResult>;
  runMessageAction(
    person: WirePerson,
    act: { requestId: string; messageId: string; action: string },
  ): Promise<PostResult>;
  submitForm(
    person: WirePerson,
    filled: { requestId: string; formId: string; values: Readonly<Record<string, string>> },
  ): Promise<PostResult>;
  runShortcut(person: WirePerson, taken: { requestId: string; shortcut: string }): Promise<PostResult>;
}

export function createInbound(parts: {
  state: ChannelState;
  files: PictureFiles;
  channel: ChannelRef;
  commands: readonly CommandDescription[];
  permissions: Permissions;
  dispatch: Dispatch;
}): Inbound {
  const { state, files, channel, commands, permissions, dispatch } = parts;
  const answers = new LRUCache<string, Promise<PostResult>>({ max: REMEMBERED_REQUESTS });
  const pictured: string[] = [];

  /** A request that is sent again, also while the first is under way, gets the first one's answer. */
  function once(key: string, answer: () => Promise<PostResult>): Promise<PostResult> {
    const earlier = answers.get(key);
    if (earlier !== undefined) return earlier;
    const made = answer();
    answers.set(key, made);
    made.catch(() => answers.delete(key));
    return made;
  }

  function privately(key: string, reply: Reply): PostResult {
    const pictures = files.hold(key, reply.pictures);
    if (pictures.length > 0) pictured.push(key);
    if (pictured.length > PICTURED_ANSWERS) files.release(pictured.shift() ?? key);
    return { kind: 'private', reply: toWire(reply, pictures) };
  }

  function answerWith(key: string, result: DispatchResult): PostResult {
    return result.kind === 'private' ? privately(key, result.reply) : result;
  }

  const from = (key: string, person: WirePerson) =>
    ({ id: key, user: { platform: 'web', ...person }, channel, ...permissions }) as const;

  function ask(person: WirePerson, requestId: string, make: (key: string) => Request): Promise<PostResult> {
    const key = `${person.id}:${requestId}`;
    return once(key, async () => answerWith(key, await dispatch(make(key))));
  }

  async function runCommand(key: string, person: WirePerson, post: CommandPost): Promise<PostResult> {
    const { line, options } = post;
    const read = readLine(line);
    if (read === undefined) return privately(key, notACommand(commands));
    const draft = await state.draft(`said:${key}`, { author: person, line, pictures: post.pictures });
    if (draft.visible) return posted(state, draft.id);
    const result = await dispatch({
      kind: 'command',
      ...from(key, person),
      command: read.command,
      options,
      text: Object.keys(options).length > 0 ? '' : read.text,
      pictures: post.pictures.map(({ name, mediaType, data }) => remotePicture(name, mediaType, async () => data)),
    });
    if (result.kind === 'posted') {
      state.reveal(draft.id);
      return posted(state, draft.id);
    }
    await state.discard(draft.id);
    return answerWith(key, result);
  }

  function postedMessage(messageId: string): PostedMessage {
    const message = state.get(messageId);
    if (message.kind === 'deleted') throw apiError(410, 'message_gone', 'That message was deleted.');
    return message;
  }

  function shownOn(message: PostedMessage): { pictures: readonly RemotePicture[]; buttonIds: readonly string[] } {
    const pictures = message.kind === 'reply' ? message.reply.pictures : (message.pictures ?? []);
    const buttons = message.kind === 'reply' ? message.reply.buttons.flat() : [];
    return { pictures: remotePictures(pictures, files), buttonIds: buttons.map((button) => button.id) };
  }

  return {
    command(person, post) {
      const key = `${person.id}:${post.requestId}`;
      return once(key, () => runCommand(key, person, post));
    },
    press: (person, { requestId, messageId, buttonId }) =>
      ask(person, requestId, (key) => {
        const isPrivate = messageId === undefined;
        const { pictures, buttonIds } = isPrivate ? NOTHING_SHOWN : shownOn(postedMessage(messageId));
        if (!isPrivate && !buttonIds.includes(buttonId)) {
          throw apiError(409, 'button_gone', 'That button is no longer on the message.');
        }
        const message = { channel, messageId: messageId ?? '' };
        return { kind: 'button', ...from(key, person), buttonId, message, pictures };
      }),
    runMessageAction: (person, { requestId, messageId, action }) =>
      ask(person, requestId, (key) => {
        const shown = shownOn(postedMessage(messageId));
        return { kind: 'message_action', ...from(key, person), action, message: { channel, messageId }, ...shown };
      }),
    submitForm: (person, { requestId, formId, values }) =>
      ask(person, requestId, (key) => ({ kind: 'form', ...from(key, person), formId, values })),
    runShortcut: (person, { requestId, shortcut }) =>
      ask(person, requestId, (key) => ({ kind: 'shortcut', ...from(key, person), shortcut })),
  };
}

/** A private answer stands nowhere. */
const NOTHING_SHOWN = { pictures: [], buttonIds: [] };

function posted(state: ChannelState, id: string): PostResult {
  const message = state.get(id);
  return message.kind === 'deleted' ? { kind: 'posted' } : { kind: 'posted', message };
}
