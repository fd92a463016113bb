import { suggest } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { shorten } from './limits.ts';
import type { OptionSet } from './option-set.ts';

/** One flag of a text, such as `--ar 3:2`. */
export interface FlagUse<Name extends string> {
  readonly option: Name;
  /** As typed, dashes included, for sentences: `--cfg`. */
  readonly spelling: string;
  readonly value: string;
}

/** A text, parted into what is said and its flags. */
export interface ParsedText<Name extends string> {
  /** What is left when the flags are taken out. */
  readonly text: string;
  readonly flags: readonly FlagUse<Name>[];
}

/** A flag stands at the start of a word. Phones make one long dash of `--`. */
const FLAG = /(?<=^|\s)(--|[—–])(\p{L}[^\s=]*)/gu;
const CLOSING_QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’' };
/** What follows a misspelt flag but seldom a word of prose: "—with a hat" is text, "—step 20" is not. */
const NUMBER_FOLLOWS = /\s*=|\s+\d/y;
/** What may follow a flag that is only on or off, and belongs to it. */
const SWITCH_FOLLOWS = /\s*=\s*|\s+(?=(?:on|off|true|false|yes|no)(?:\s|$))/iy;

interface FlagStart {
  readonly start: number;
  /** Where the name ends: at `=`, white space or the end of the text. */
  readonly end: number;
  readonly name: string;
}

/**
 * Takes the flags out of a text: `--flag value`, `--flag=value`, quoted values, `--no a, b` up to the next flag, and
 * `--flag` alone where it is only on or off. Dashes inside words or standing alone are text. Linear in the length of `source`.
 * @throws BadInputError for an unknown flag, a missing value or a quote that never closes
 */
export function parseFlags<Name extends string>(source: string, set: OptionSet<Name>): ParsedText<Name> {
  const pieces: string[] = [];
  const flags: FlagUse<Name>[] = [];
  let position = 0;
  for (;;) {
    const flag = nextFlag(source, position, set);
    pieces.push(source.slice(position, flag?.start).trim());
    if (flag === undefined) break;
    const { use, end } = readFlag(source, flag, set);
    flags.push(use);
    position = end;
  }
  return { text: pieces.filter((piece) => piece !== '').join(' '), flags };
}

function nextFlag(source: string, from: number, set: OptionSet): FlagStart | undefined {
  FLAG.lastIndex = from;
  for (let match = FLAG.exec(source); match !== null; match = FLAG.exec(source)) {
    const [whole, dashes = '', name = ''] = match;
    const end = match.index + whole.length;
    if (dashes === '--' || isMeantAsFlag(source, name, end, set)) return { start: match.index, end, name };
  }
  return undefined;
}

/** For a long dash, which also appears in prose. */
function isMeantAsFlag(source: string, name: string, end: number, set: OptionSet): boolean {
  if (set.find(name) !== undefined) return true;
  NUMBER_FOLLOWS.lastIndex = end;
  return NUMBER_FOLLOWS.test(source) && suggest(name, set.spellings) !== undefined;
}

function readFlag<Name extends string>(
  source: string,
  flag: FlagStart,
  set: OptionSet<Name>,
): { readonly use: FlagUse<Name>; readonly end: number } {
  const option = set.find(flag.name);
  if (option === undefined) throw unknownFlag(flag.name, set);
  const spelling = `--${flag.name.toLowerCase()}`;
  if (option.type === 'boolean' && !switchFollows(source, flag.end)) {
    return { use: { option: option.name, spelling, value: 'on' }, end: flag.end };
  }
  const start = source[flag.end] === '=' ? flag.end + 1 : skipSpace(source, flag.end);
  const isText = set.textOptions.includes(option.name);
  const quoted = readQuoted(source, start, spelling);
  if (quoted !== undefined && (!isText || restIsEmpty(source, quoted.end, set))) {
    return { use: { option: option.name, spelling, value: quoted.value }, end: quoted.end };
  }
  const nextStart = nextFlag(source, quoted?.end ?? start, set)?.start ?? source.length;
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

function switchFollows(source: string, end: number): boolean {
  SWITCH_FOLLOWS.lastIndex = end;
  return SWITCH_FOLLOWS.test(source);
}

function unknownFlag(name: string, set: OptionSet): BadInputError {
  const meant = suggest(name, set.spellings);
  const advice = meant === undefined ? `\`/help ${set.command}\` lists them all.` : `did you mean \`--${meant}\`?`;
  return new BadInputError('unknown_option', `\`--${shorten(name)}\` is not an option; ${advice}`);
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
  throw new BadInputError('open_quote', `The quote after \`${spelling}\` is not closed; add ${closing} at its end.`);
}

function restIsEmpty(source: string, from: number, set: OptionSet): boolean {
  return source.slice(from, nextFlag(source, from, set)?.start).trim() === '';
}

function skipSpace(source: string, from: number): number {
  const found = source.slice(from).search(/\S/);
  return found === -1 ? source.length : from + found;
}

function wordEnd(source: string, from: number): number {
  const found = source.slice(from).search(/\s/);
  return found === -1 ? source.length : from + found;
}
