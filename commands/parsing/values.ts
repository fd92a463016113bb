import { alternatives, listNames, nearestNames, SPEC_LIMITS } from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { OptionValue } from '../../src/core/request.ts';
import { MAX_PROMPT_LENGTH, shorten } from './limits.ts';

/** Longer lists are cut. */
const MAX_LISTED = 12;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** Line breaks and tabs are text; the rest would break PNG text chunks and some platforms. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Cs}/u;

/** @throws BadInputError saying the bounds and a value that would do */
export function readNumber(option: OptionDescription, raw: OptionValue): number {
  const value = numberOf(raw);
  const isWhole = option.type === 'integer';
  const min = option.min ?? Number.NEGATIVE_INFINITY;
  const max = option.max ?? Number.POSITIVE_INFINITY;
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
  const kind = isWhole ? 'a whole number' : 'a number';
  throw new BadInputError(
    'bad_number',
    `${title(option)} must be ${kind} from ${min} to ${max}; ${advice(option, value)}.`,
  );
}

/** NaN for whatever is not written as a number. Never −0. */
function numberOf(raw: OptionValue): number {
  if (typeof raw === 'number') return raw + 0;
  if (typeof raw === 'string' && DECIMAL.test(raw.trim())) return Number(raw) + 0;
  return Number.NaN;
}

function advice(option: OptionDescription, value: number): string {
  if (value < (option.min ?? value)) return `try ${option.min}`;
  if (value > (option.max ?? value)) return `try ${option.max}`;
  return `try ${Number.isFinite(value) ? Math.round(value) : option.example}`;
}

/** A width or height in pixels. @throws BadInputError */
export function readSide(option: OptionDescription, raw: OptionValue): number {
  const value = numberOf(raw);
  const { minSide, maxSide, sizeMultiple } = SPEC_LIMITS;
  if (value >= minSide && value <= maxSide) {
    const nearest = Math.round(value / sizeMultiple) * sizeMultiple;
    if (value === nearest) return value;
    throw new BadInputError('bad_size', `${title(option)} must be a multiple of ${sizeMultiple}; try ${nearest}.`);
  }
  throw new BadInputError(
    'bad_size',
    `${title(option)} must be from ${minSide} to ${maxSide} pixels; ${advice(option, value)}.`,
  );
}

/** @throws BadInputError when it is too long or holds characters that are not text */
export function readText(option: OptionDescription, raw: OptionValue): string {
  const value = String(raw).trim();
  const what = option.name === 'prompt' ? 'The prompt' : 'The negative prompt';
  const length = [...value].length;
  if (length > MAX_PROMPT_LENGTH) {
    const [most, found] = [MAX_PROMPT_LENGTH.toLocaleString('en'), length.toLocaleString('en')];
    throw new BadInputError('too_long', `${what} is ${found} characters long, but the limit is ${most}; shorten it.`);
  }
  if (NOT_TEXT.test(value)) {
    throw new BadInputError('not_text', `${what} contains control or invalid characters; remove them.`);
  }
  return value;
}

/** The help page of longer lists. */
const LISTS: Readonly<Record<string, string>> = {
  sampler: '/help samplers',
  style: '/styles',
  'model here': '/models',
};

/** One of `choices`, in any case. @throws BadInputError naming the nearest few, or them all where they are few */
export function readChoice<Choice extends string>(what: string, raw: OptionValue, choices: readonly Choice[]): Choice {
  const typed = String(raw).trim().normalize('NFC');
  const found = choices.find((choice) => choice.toLowerCase() === typed.toLowerCase());
  if (found !== undefined) return found;
  const meant = nearestNames(typed, choices).map((name) => `\`${shorten(name)}\``);
  const list = choices.length > MAX_LISTED ? LISTS[what] : undefined;
  const all = list === undefined ? `choose from ${listNames(choices, MAX_LISTED)}.` : `\`${list}\` lists them all.`;
  const hint = meant.length === 0 ? all : `did you mean ${alternatives(meant)}?`;
  throw new BadInputError('unknown_choice', `\`${shorten(typed)}\` is not a ${what}; ${hint}`);
}

const SWITCH: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  yes: true,
  off: false,
  false: false,
  no: false,
};

/** @throws BadInputError */
export function readSwitch(option: OptionDescription, raw: OptionValue): boolean {
  const value = typeof raw === 'boolean' ? raw : SWITCH[String(raw).trim().toLowerCase()];
  if (value !== undefined) return value;
  throw new BadInputError('bad_switch', `${title(option)} must be on or off; try \`--${option.name} on\`.`);
}

function title(option: OptionDescription): string {
  return `${option.name.charAt(0).toUpperCase()}${option.name.slice(1)}`;
}
