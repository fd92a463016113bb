import { ApplicationCommandOptionType, ApplicationCommandType, Locale } from 'discord.js';

/** A command as it is registered. */
export interface CommandFields {
  readonly type?: number;
  readonly name: string;
  readonly name_localizations?: Readonly<Record<string, string>> | null;
  readonly description?: string;
  readonly description_localizations?: Readonly<Record<string, string>> | null;
  readonly options?: readonly OptionFields[] | null;
}
export interface OptionFields {
  readonly type: number;
  readonly name: string;
  readonly name_localizations?: Readonly<Record<string, string>> | null;
  readonly description: string;
  readonly description_localizations?: Readonly<Record<string, string>> | null;
  readonly required?: boolean;
  readonly choices?: readonly { readonly name: string; readonly value: string | number }[];
  readonly autocomplete?: boolean;
  readonly min_value?: number;
  readonly max_value?: number;
}

/** https://discord.com/developers/docs/interactions/application-commands#application-command-object */
const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const LOCALES: readonly string[] = Object.values(Locale);
const MAX_SLASH_COMMANDS = 100;
const MAX_MESSAGE_COMMANDS = 5;
const MAX_CHARACTERS = 8000;
const MAX_OPTIONS = 25;
const MAX_CHOICES = 25;

/** What Discord enforces of commands and its schema does not say. */
export function commandProblems(commands: readonly CommandFields[]): string[] {
  const keys = commands.map(({ type = ApplicationCommandType.ChatInput, name }) => `${type}:${name}`);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  const slash = commands.filter(isSlash);
  const onMessages = commands.filter(({ type }) => type === ApplicationCommandType.Message);
  return [
    ...twice.map((key) => `Application command names must be unique (${key})`),
    ...(slash.length > MAX_SLASH_COMMANDS ? [`at most ${MAX_SLASH_COMMANDS} commands`] : []),
    ...(onMessages.length > MAX_MESSAGE_COMMANDS ? [`at most ${MAX_MESSAGE_COMMANDS} message commands`] : []),
    ...slash.flatMap(slashProblems),
    ...onMessages.flatMap(({ name, description, options }) => [
      ...((description ?? '') !== '' ? [`${name}: a message command has no description`] : []),
      ...((options ?? []).length > 0 ? [`${name}: a message command has no options`] : []),
    ]),
    ...commands.flatMap(({ name, name_localizations }) => localeProblems(name, name_localizations)),
  ];
}

function isSlash({ type = ApplicationCommandType.ChatInput }: CommandFields): boolean {
  return type === ApplicationCommandType.ChatInput;
}

function slashProblems(command: CommandFields): string[] {
  const { name, description = '', options } = command;
  const list = options ?? [];
  const firstOptional = list.findIndex(({ required }) => required !== true);
  const isOutOfOrder = firstOptional >= 0 && list.slice(firstOptional).some(({ required }) => required === true);
  const names = list.map((option) => option.name);
  return [
    ...nameProblems(name, command.name_localizations),
    ...(description.length < 1 ? [`${name}: a description is required`] : []),
    ...(list.length > MAX_OPTIONS ? [`${name}: at most ${MAX_OPTIONS} options`] : []),
    ...(isOutOfOrder ? [`${name}: Required options must be placed before non-required options`] : []),
    ...(new Set(names).size < names.length ? [`${name}: Option names must be unique`] : []),
    ...(lengthOf(command) > MAX_CHARACTERS ? [`${name}: Command exceeds maximum size (${MAX_CHARACTERS})`] : []),
    ...list.flatMap((option) => optionProblems(name, option)),
    ...localisedTwice(name, list),
  ];
}

function optionProblems(command: string, option: OptionFields): string[] {
  const { name, choices = [], autocomplete = false, min_value, max_value, type } = option;
  const place = `${command}.${name}`;
  const isNumber = type === ApplicationCommandOptionType.Integer || type === ApplicationCommandOptionType.Number;
  return [
    ...nameProblems(name, option.name_localizations).map((problem) => `${command}: ${problem}`),
    ...localeProblems(place, option.description_localizations),
    ...(option.description.length < 1 ? [`${place}: a description is required`] : []),
    ...(choices.length > MAX_CHOICES ? [`${place}: at most ${MAX_CHOICES} choices`] : []),
    ...(choices.length > 0 && autocomplete ? [`${place}: choices and autocomplete exclude each other`] : []),
    ...(!isNumber && (min_value !== undefined || max_value !== undefined)
      ? [`${place}: only numbers have bounds`]
      : []),
    ...(min_value !== undefined && max_value !== undefined && min_value > max_value ? [`${place}: min above max`] : []),
  ];
}

function nameProblems(name: string, localised: CommandFields['name_localizations']): string[] {
  return [name, ...Object.values(localised ?? {})].flatMap((one) => [
    ...(NAME.test(one) ? [] : [`${name}: ${JSON.stringify(one)}: Command name is invalid`]),
    ...(one === one.toLowerCase() ? [] : [`${name}: ${JSON.stringify(one)}: Command name is not lower case`]),
  ]);
}

function localeProblems(name: string, localised: CommandFields['name_localizations']): string[] {
  return Object.keys(localised ?? {}).flatMap((locale) =>
    LOCALES.includes(locale) ? [] : [`${name}: ${locale} is not a locale`],
  );
}

/** In each language the names of a command's options are unique, too. */
function localisedTwice(command: string, options: readonly OptionFields[]): string[] {
  return LOCALES.flatMap((locale) => {
    const names = options.map(({ name, name_localizations }) => name_localizations?.[locale] ?? name);
    return new Set(names).size < names.length ? [`${command}: option names in ${locale} must be unique`] : [];
  });
}

/** Names, descriptions and values together, in the language where they are longest. */
function lengthOf({ name, description = '', options, ...command }: CommandFields): number {
  const longest = (text: string, localised: CommandFields['name_localizations']) =>
    Math.max(text.length, ...Object.values(localised ?? {}).map((one) => one.length));
  const own = longest(name, command.name_localizations) + longest(description, command.description_localizations);
  return (options ?? []).reduce((sum, option) => {
    const choices = (option.choices ?? []).reduce(
      (all, choice) => all + choice.name.length + `${choice.value}`.length,
      0,
    );
    const words =
      longest(option.name, option.name_localizations) + longest(option.description, option.description_localizations);
    return sum + words + choices;
  }, own);
}
