import type { CommandDescription } from '../../core/command.ts';
import type { RichText } from '../../core/reply.ts';

/** The slash command that has all others behind it: Slack has one namespace for those of all apps. */
export const EASEL = '/easel';
/** What is said to people, with the commands named as they are typed on Slack. */
export type NameCommands = (line: RichText) => RichText;

/** The default command also stands by itself, in the manifest; all others stand behind `/easel`. */
export function createNameCommands(commands: readonly CommandDescription[]): NameCommands {
  const behind = commands.filter(({ isDefault }) => isDefault !== true).map(({ name }) => name);
  return (line) =>
    line.map((span) => {
      if (span.kind !== 'code') return span;
      const [, name] = /^\/([a-z]+)(?=\s|$)/.exec(span.text) ?? [];
      return name !== undefined && behind.includes(name) ? { ...span, text: `${EASEL} ${span.text.slice(1)}` } : span;
    });
}
