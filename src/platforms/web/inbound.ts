import type { ChannelRef } from '../../core/channel.ts';
import type { CommandDescription } from '../../core/command.ts';
import { code, type Reply, text } from '../../core/reply.ts';
import type { OptionValue, Request } from '../../core/request.ts';
import type { User } from '../../core/user.ts';
import type { Dispatch } from '../port.ts';
import type { PictureFiles } from './picture-files.ts';
import { refuse } from './refusal.ts';
import type { Room } from './room.ts';
import type { PostResult, WirePerson } from './wire.ts';

/** Answers kept for a request that is sent again. */
const REMEMBERED_REQUESTS = 500;

/** On the web a name is what a person says it is, so nobody moderates. */
const STANDING = { isModerator: false, isAgeRestricted: false } as const;

export interface CommandPost {
  readonly requestId: string;
  /** As typed, slash included; `options` empty. Or a line made by `writeLine` beside typed options. */
  readonly line: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** Turns what people send into requests, once each. */
export interface Inbound {
  command(person: WirePerson, post: CommandPost): Promise<PostResult>;
  press(person: WirePerson, press: { requestId: string; messageId: string; buttonId: string }): Promise<PostResult>;
}

const COMMAND_LINE = /^\/([a-z0-9-]+)(?:\s+([\s\S]*))?$/i;

/** The line that a person would have typed for these options. */
export function writeLine(command: CommandDescription, options: Readonly<Record<string, OptionValue>>): string {
  const free = command.options.find((option) => option.freeText)?.name;
  const words = [`/${command.name}`];
  if (free !== undefined && options[free] !== undefined) words.push(String(options[free]));
  for (const [name, value] of Object.entries(options)) if (name !== free) words.push(`--${name} ${value}`);
  return words.join(' ');
}

function notACommand(commands: readonly CommandDescription[]): Reply {
  const first = commands[0];
  const hint = first === undefined ? [] : [text(' Try '), code(exampleOf(first)), text('.')];
  return { state: 'error', lines: [[text('A message starts with a command.'), ...hint]], pictures: [], buttons: [] };
}

function exampleOf(command: CommandDescription): string {
  const free = command.options.find((option) => option.freeText);
  return free === undefined ? `/${command.name}` : `/${command.name} ${free.example}`;
}

export function createInbound(parts: {
  room: Room;
  files: PictureFiles;
  channel: ChannelRef;
  commands: readonly CommandDescription[];
  dispatch: Dispatch;
}): Inbound {
  const { room, files, channel, commands, dispatch } = parts;
  const answers = new Map<string, Promise<PostResult>>();

  /** A request that is sent again, also while the first is under way, gets the first one's answer. */
  function once(key: string, answer: () => Promise<PostResult>): Promise<PostResult> {
    const earlier = answers.get(key);
    if (earlier !== undefined) return earlier;
    const made = answer();
    answers.set(key, made);
    made.catch(() => answers.delete(key));
    for (const oldest of answers.keys()) {
      if (answers.size <= REMEMBERED_REQUESTS) break;
      answers.delete(oldest);
      files.release(oldest);
    }
    return made;
  }

  function privately(key: string, reply: Reply): PostResult {
    return { kind: 'private', reply: { ...reply, pictures: files.hold(key, reply.pictures) } };
  }

  const asUser = (person: WirePerson): User => ({ platform: 'web', ...person });

  async function runCommand(key: string, person: WirePerson, { line, options }: CommandPost): Promise<PostResult> {
    const match = COMMAND_LINE.exec(line);
    if (match?.[1] === undefined) return privately(key, notACommand(commands));
    const draft = room.draft(`said:${key}`, person, line);
    if (draft.visible) return posted(room, draft.id);
    const request: Request = {
      kind: 'command',
      id: key,
      user: asUser(person),
      channel,
      ...STANDING,
      command: match[1].toLowerCase(),
      options,
      text: Object.keys(options).length > 0 ? '' : (match[2] ?? ''),
    };
    const result = await dispatch(request);
    switch (result.kind) {
      case 'posted':
        room.reveal(draft.id);
        return posted(room, draft.id);
      case 'private':
        room.discard(draft.id);
        return privately(key, result.reply);
      case 'form':
        room.discard(draft.id);
        return result;
      default:
        return result satisfies never;
    }
  }

  return {
    command(person, post) {
      const key = `${person.id}:${post.requestId}`;
      return once(key, () => runCommand(key, person, post));
    },
    press(person, { requestId, messageId, buttonId }) {
      const key = `${person.id}:${requestId}`;
      return once(key, async () => {
        const message = room.get(messageId);
        if (message.kind === 'deleted') throw refuse(410, 'message_gone', 'That message was deleted.');
        const buttons = message.kind === 'reply' ? message.reply.buttons.flat() : [];
        if (!buttons.some((button) => button.id === buttonId)) {
          throw refuse(409, 'button_gone', 'That button is no longer on the message.');
        }
        const at = { channel, messageId };
        const result = await dispatch({
          kind: 'button',
          id: key,
          user: asUser(person),
          channel,
          ...STANDING,
          buttonId,
          message: at,
          pictures: [],
        });
        return result.kind === 'private' ? privately(key, result.reply) : result;
      });
    },
  };
}

function posted(room: Room, id: string): PostResult {
  const message = room.get(id);
  return message.kind === 'deleted' ? { kind: 'posted' } : { kind: 'posted', message };
}
