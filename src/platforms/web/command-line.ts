import type { CommandDescription } from '../../core/command.ts';
import { code, type Reply, text } from '../../core/reply.ts';
import type { OptionValue } from '../../core/request.ts';

const COMMAND_LINE = /^\/([a-z0-9-]+)(?:\s+([\s\S]*))?$/i;

/** The command and the text after it; undefined for a line that does not begin with a command. */
export function readLine(line: string): { readonly command: string; readonly text: string } | undefined {
  const [, command, after = ''] = COMMAND_LINE.exec(line) ?? [];
  return command === undefined ? undefined : { command: command.toLowerCase(), text: after };
}

/** The line that a person would have typed for these options. */
export function writeLine(command: CommandDescription, options: Readonly<Record<string, OptionValue>>): string {
  const free = command.options.find((option) => option.freeText)?.name;
  const words = [`/${command.name}`];
  if (free !== undefined && options[free] !== undefined) words.push(String(options[free]));
  for (const [name, value] of Object.entries(options)) if (name !== free) words.push(`--${name} ${value}`);
  return words.join(' ');
}

export function notACommand(commands: readonly CommandDescription[]): Reply {
  const first = commands[0];
  const hint = first === undefined ? [] : [text(' Try '), code(exampleOf(first)), text('.')];
  return {
    state: 'error',
    lines: [[text('A message must start with a command.'), ...hint]],
    pictures: [],
    buttons: [],
  };
}

function exampleOf(command: CommandDescription): string {
  const free = command.options.find((option) => option.freeText);
  return free === undefined ? `/${command.name}` : `/${command.name} ${free.example}`;
}
