import { parse as parseMarkdown } from 'discord-markdown-parser';
import type { State } from '../state.ts';

/** By an independent reader of Discord's markdown. */
export function parse(content: string): readonly Node[] {
  return parseMarkdown(content, 'normal');
}

/** What a person reads: formatting is gone, mentions are names, links say where they lead. */
export function plainText(content: string, state: State): string {
  return parse(content)
    .map((node) => plain(node, state))
    .join('');
}

export type Node = ReturnType<typeof parseMarkdown>[number] & {
  readonly content?: unknown;
  readonly id?: unknown;
  readonly target?: unknown;
  readonly level?: unknown;
  readonly name?: unknown;
};

function plain(node: Node, state: State): string {
  switch (node.type) {
    case 'user':
      return `@${nameOf(String(node.id), state)}`;
    case 'role':
      return `@${state.world.roles.get(String(node.id)) ?? 'unknown-role'}`;
    case 'channel':
      return `#${state.world.channels.get(String(node.id))?.name ?? 'unknown'}`;
    case 'everyone':
      return '@everyone';
    case 'here':
      return '@here';
    case 'twemoji':
      return String(node.name);
    case 'br':
      return '\n';
    default:
      return typeof node.content === 'string'
        ? node.content
        : childrenOf(node)
            .map((child) => plain(child, state))
            .join('');
  }
}

/** What reads as plain text; an emoji is a character that Discord draws itself. */
const PLAIN = ['text', 'br', 'twemoji'];

/** The kinds of formatting, mentions and links in a message, but for plain text. */
export function kindsIn(content: string): string[] {
  const kinds = (node: Node): string[] => [
    ...(PLAIN.includes(node.type) ? [] : [node.type]),
    ...childrenOf(node).flatMap(kinds),
  ];
  return parse(content).flatMap(kinds);
}

export function childrenOf(node: Node): readonly Node[] {
  return Array.isArray(node.content) ? (node.content as readonly Node[]) : [];
}

export function nameOf(id: string, { world, bot }: State): string {
  return id === bot.id ? bot.name : (world.people.get(id)?.name ?? 'unknown-user');
}
