import { type CommandDescription, commandNamed } from '../../core/command.ts';

/** A command and the text that belongs to it. */
export interface ParsedText {
  /** Without the slash. */
  readonly command: string;
  readonly text: string;
}

const FIRST_WORD = /^(\/?)(\S+)\s*([\s\S]*)$/;

/** The text after `/easel`: its first word is a command, whatever follows belongs to it. Nothing asks for help. */
export function readSubcommand(text: string, commands: readonly CommandDescription[]): ParsedText {
  const [, , word = helpOf(commands), rest = ''] = FIRST_WORD.exec(text) ?? [];
  return { command: word.toLowerCase(), text: rest };
}

/**
 * What a sentence to the bot means: a prompt, unless it is clearly a command. Clear are a slash before it, a command
 * alone or followed by flags, or by a value that the command knows; so "queue of penguins" is drawn.
 */
export function readSentence(text: string, commands: readonly CommandDescription[]): ParsedText {
  const help = helpOf(commands);
  const [, slash, word = help, rest = ''] = FIRST_WORD.exec(text) ?? [];
  const command = commands.find(({ name }) => name === word.toLowerCase());
  if (slash === '/') return { command: word.toLowerCase(), text: rest };
  if (word === help && rest === '') return { command: help, text: '' };
  if (command !== undefined && isMeant(command, rest)) return { command: command.name, text: rest };
  return { command: commandNamed(commands, 'isDefault') ?? word.toLowerCase(), text };
}

/** "" where no command gives help: that is no command, and the answer says so. */
function helpOf(commands: readonly CommandDescription[]): string {
  return commandNamed(commands, 'isHelp') ?? '';
}

function isMeant({ isDefault, options }: CommandDescription, rest: string): boolean {
  if (isDefault === true || rest === '' || rest.startsWith('--')) return true;
  const free = options.find(({ freeText }) => freeText);
  return free?.choices?.includes(rest.trim().toLowerCase()) === true;
}
