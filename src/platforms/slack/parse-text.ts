import type { CommandDescription } from '../../core/command.ts';

/** A command and the text that belongs to it. */
export interface ParsedText {
  /** Without the slash. */
  readonly command: string;
  readonly text: string;
}

const FIRST_WORD = /^(\/?)(\S+)\s*([\s\S]*)$/;
/** What a sentence without a command means. */
const IMAGINE = 'imagine';
const HELP = 'help';

/** The text after `/easel`: its first word is a command, whatever follows belongs to it. Nothing asks for help. */
export function readSubcommand(text: string): ParsedText {
  const [, , word = HELP, rest = ''] = FIRST_WORD.exec(text) ?? [];
  return { command: word.toLowerCase(), text: rest };
}

/**
 * What a sentence to the bot means: a prompt, unless it is clearly a command. Clear are a slash before it, a command
 * alone or followed by flags, or by a value that the command knows; so "queue of penguins" is drawn.
 */
export function readSentence(text: string, commands: readonly CommandDescription[]): ParsedText {
  const [, slash, word = HELP, rest = ''] = FIRST_WORD.exec(text) ?? [];
  const command = commands.find(({ name }) => name === word.toLowerCase());
  if (slash === '/') return { command: word.toLowerCase(), text: rest };
  if (word === HELP && rest === '') return { command: HELP, text: '' };
  if (command !== undefined && isMeant(command, rest)) return { command: command.name, text: rest };
  return { command: IMAGINE, text };
}

function isMeant({ name, options }: CommandDescription, rest: string): boolean {
  if (name === IMAGINE || rest === '' || rest.startsWith('--')) return true;
  const free = options.find(({ freeText }) => freeText);
  return free?.choices?.includes(rest.trim().toLowerCase()) === true;
}
