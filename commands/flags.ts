import { BadInputError } from '../src/errors.ts';
import { abridge } from './limits.ts';
import { findOption, type ImagineOptionName, OPTION_SPELLINGS, TEXT_OPTIONS } from './options.ts';
import { suggest } from './suggest.ts';

export interface FlagUse {
  readonly option: ImagineOptionName;
  /** As typed, dashes included, for sentences: `--cfg`. */
  readonly spelling: string;
  readonly value: string;
}

export interface ParsedText {
  /** What is left when the flags are taken out. */
  readonly text: string;
  readonly flags: readonly FlagUse[];
}

/** A flag stands at the start of a word. Phones make one long dash of `--`. */
const FLAG = /(?<=^|\s)(--|[—–])(\p{L}[^\s=]*)/gu;
const CLOSING_QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’' };
/** What follows a misspelt flag but seldom a word of prose: "—with a hat" is text, "—step 20" is not. */
const NUMBER_FOLLOWS = /\s*=|\s+\d/y;

interface FlagStart {
  readonly start: number;
  /** Where the name ends: at `=`, white space or the end of the text. */
  readonly end: number;
  readonly name: string;
}

/**
 * Takes the flags out of a prompt: `--flag value`, `--flag=value`, quoted values, and `--no a, b` up to the next flag.
 * Dashes inside words or standing alone are text. Linear in the length of `source`.
 * @throws BadInputError for an unknown flag, a missing value or a quote that never closes
 */
export function parseFlags(source: string): ParsedText {
  const pieces: string[] = [];
  const flags: FlagUse[] = [];
  let position = 0;
  for (;;) {
    const flag = nextFlag(source, position);
    pieces.push(source.slice(position, flag?.start).trim());
    if (flag === undefined) break;
    const { use, end } = readFlag(source, flag);
    flags.push(use);
    position = end;
  }
  return { text: pieces.filter((piece) => piece !== '').join(' '), flags };
}

function nextFlag(source: string, from: number): FlagStart | undefined {
  FLAG.lastIndex = from;
  for (let match = FLAG.exec(source); match !== null; match = FLAG.exec(source)) {
    const [whole, dashes = '', name = ''] = match;
    const end = match.index + whole.length;
    if (dashes === '--' || isMeantAsFlag(source, name, end)) return { start: match.index, end, name };
  }
  return undefined;
}

/** After a long dash, which prose has too. */
function isMeantAsFlag(source: string, name: string, end: number): boolean {
  if (findOption(name) !== undefined) return true;
  NUMBER_FOLLOWS.lastIndex = end;
  return NUMBER_FOLLOWS.test(source) && suggest(name, OPTION_SPELLINGS) !== undefined;
}

function readFlag(source: string, flag: FlagStart): { readonly use: FlagUse; readonly end: number } {
  const option = findOption(flag.name);
  if (option === undefined) throw unknownFlag(flag.name);
  const spelling = `--${flag.name.toLowerCase()}`;
  const start = source[flag.end] === '=' ? flag.end + 1 : skipSpace(source, flag.end);
  const isText = TEXT_OPTIONS.includes(option.name);
  const quoted = readQuoted(source, start, spelling);
  if (quoted !== undefined && (!isText || restIsEmpty(source, quoted.end))) {
    return { use: { option: option.name, spelling, value: quoted.value }, end: quoted.end };
  }
  const nextStart = nextFlag(source, quoted?.end ?? start)?.start ?? source.length;
  const end = isText ? nextStart : Math.min(nextStart, wordEnd(source, start));
  const value = source.slice(start, end).trim();
  if (value === '') {
    throw new BadInputError(
      'missing_value',
      `\`${spelling}\` needs a value, such as \`${spelling} ${option.example}\`.`,
    );
  }
  return { use: { option: option.name, spelling, value }, end };
}

function unknownFlag(name: string): BadInputError {
  const meant = suggest(name, OPTION_SPELLINGS);
  const advice = meant === undefined ? '`/help imagine` lists them all.' : `did you mean \`--${meant}\`?`;
  return new BadInputError('unknown_option', `\`--${abridge(name)}\` is not an option; ${advice}`);
}

/** Undefined where no quote opens. A quote closes where the word ends, so that apostrophes may stand inside. */
function readQuoted(
  source: string,
  start: number,
  spelling: string,
): { readonly value: string; readonly end: number } | undefined {
  const closing = CLOSING_QUOTES[source[start] ?? ''];
  if (closing === undefined) return undefined;
  let value = '';
  for (let index = start + 1; index < source.length; index++) {
    const character = source[index] ?? '';
    const following = source[index + 1];
    if (character === '\\' && (following === closing || following === '\\')) {
      value += following;
      index++;
    } else if (character === closing && (following === undefined || /\s/.test(following))) {
      return { value, end: index + 1 };
    } else {
      value += character;
    }
  }
  throw new BadInputError('open_quote', `The quote after \`${spelling}\` never closes; add ${closing} at its end.`);
}

function restIsEmpty(source: string, from: number): boolean {
  return source.slice(from, nextFlag(source, from)?.start).trim() === '';
}

function skipSpace(source: string, from: number): number {
  const found = source.slice(from).search(/\S/);
  return found === -1 ? source.length : from + found;
}

function wordEnd(source: string, from: number): number {
  const found = source.slice(from).search(/\s/);
  return found === -1 ? source.length : from + found;
}
