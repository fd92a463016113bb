import type { RichText } from '../../core/reply.ts';

/** The slash command that has all others behind it: Slack has one namespace for those of all apps. */
export const EASEL = '/easel';
/** The one that also stands by itself. */
const STANDALONE = 'imagine';

/** What is said to people, with the commands named as they are typed on Slack. */
export type NameCommands = (line: RichText) => RichText;

/** @param names of the commands, without the slash */
export function createNameCommands(names: readonly string[]): NameCommands {
  const behind = names.filter((name) => name !== STANDALONE);
  return (line) =>
    line.map((span) => {
      if (span.kind !== 'code') return span;
      const [, name] = /^\/([a-z]+)(?=\s|$)/.exec(span.text) ?? [];
      return name !== undefined && behind.includes(name) ? { ...span, text: `${EASEL} ${span.text.slice(1)}` } : span;
    });
}
