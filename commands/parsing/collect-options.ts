import { suggest } from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { OptionValue } from '../../src/core/request.ts';
import { parseFlags } from './flags.ts';
import { shorten } from './limits.ts';
import type { OptionSet } from './option-set.ts';

/** What a person gave a command: typed options, and text that may hold flags. */
export interface OptionInput {
  readonly text: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** One value as it was given, unread. */
export interface GivenValue {
  readonly raw: OptionValue;
  /** Where it was given, for sentences: `--cfg`, "the text". */
  readonly spelling: string;
}

/** All values given for each option; an option that was not given is absent. */
export type GivenOptions<Name extends string> = ReadonlyMap<Name, readonly GivenValue[]>;
/** Reads one raw value. @throws BadInputError with a sentence that names the option */
export type OptionReader<Value> = (option: OptionDescription, raw: OptionValue) => Value;

/** Every value given for each option, wherever it was given. @throws BadInputError for what is no option */
export function collectOptions<Name extends string>(input: OptionInput, set: OptionSet<Name>): GivenOptions<Name> {
  const given = new Map<Name, GivenValue[]>();
  const free = set.options.find((option) => option.freeText);
  const add = (name: Name, value: GivenValue) => given.set(name, [...(given.get(name) ?? []), value]);
  const addText = (source: string, spelling: string) => {
    const parsed = parseFlags(source, set);
    if (parsed.text !== '') {
      if (free === undefined) throw noFreeText(parsed.text, set);
      add(free.name, { raw: parsed.text, spelling });
    }
    for (const flag of parsed.flags) {
      refuseRepeated(flag.spelling, given.get(flag.option));
      add(flag.option, { raw: flag.value, spelling: flag.spelling });
    }
  };
  addText(input.text, 'the text');
  for (const [name, value] of Object.entries(input.options)) {
    const option = set.find(name);
    if (option === undefined) throw unknownOption(name, set);
    if (option === free) addText(String(value), `the ${free.name} option`);
    else add(option.name, { raw: value, spelling: `the ${name} option` });
  }
  return given;
}

/** The one value that all places agree on. @throws BadInputError when they do not */
export function readOne<Name extends string, Value>(
  given: GivenOptions<Name>,
  set: OptionSet<Name>,
  name: Name,
  read: OptionReader<Value>,
): Value | undefined {
  const option = set.named(name);
  const values = (given.get(name) ?? []).map(({ raw, spelling }) => ({ value: read(option, raw), spelling }));
  const [first] = values;
  const other = values.find(({ value }) => value !== first?.value);
  if (first !== undefined && other !== undefined) throw disagreement(name, first.spelling, other.spelling);
  return first?.value;
}

function refuseRepeated(spelling: string, earlier: readonly GivenValue[] = []): void {
  const repeated = earlier.find((given) => given.spelling.startsWith('--'));
  if (repeated === undefined) return;
  throw new BadInputError(
    'given_twice',
    repeated.spelling === spelling
      ? `\`${spelling}\` is given twice; keep one.`
      : `\`${repeated.spelling}\` and \`${spelling}\` are the same option; keep one.`,
  );
}

function noFreeText(typed: string, { command, options }: OptionSet): BadInputError {
  const [first] = options;
  const example = first === undefined ? `/${command}` : `/${command} --${first.name} ${first.example}`;
  return new BadInputError(
    'unknown_option',
    `\`${shorten(typed)}\` is not an option; write it like \`${example}\`, or see \`/help ${command}\`.`,
  );
}

function unknownOption(name: string, { command, spellings }: OptionSet): BadInputError {
  const meant = suggest(name, spellings);
  const advice = meant === undefined ? `\`/help ${command}\` lists them all.` : `did you mean \`${meant}\`?`;
  return new BadInputError('unknown_option', `\`${shorten(name)}\` is not an option; ${advice}`);
}

function disagreement(name: string, first: string, second: string): BadInputError {
  return new BadInputError(
    'disagreement',
    `Two values are given for the ${name}, in ${quote(first)} and in ${quote(second)}; keep one.`,
  );
}

function quote(spelling: string): string {
  return spelling.startsWith('--') ? `\`${spelling}\`` : spelling;
}
