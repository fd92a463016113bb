import { isDeepStrictEqual } from 'node:util';
import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type LocalizationMap,
  type REST,
  type RESTPutAPIApplicationCommandsJSONBody,
  Routes,
} from 'discord.js';
import type {
  CommandDescription,
  Localisations,
  MessageActionDescription,
  OptionDescription,
  PictureDescription,
} from '../../core/command.ts';
import { truncate } from '../../core/truncate.ts';
import { MODERATOR_PERMISSION } from './permissions.ts';

const MAX_DESCRIPTION_LENGTH = 100;
const MAX_CHOICES = 25;
/** What is beyond them can be said as a flag in the free text. */
const MAX_OPTIONS = 25;
/** Everywhere: in servers, in direct messages with the bot, and in those between people. */
const EVERYWHERE = {
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
  integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
};

export type Registration = RESTPutAPIApplicationCommandsJSONBody[number];

export interface CommandCatalog {
  readonly commands: readonly CommandDescription[];
  readonly messageActions: readonly MessageActionDescription[];
  readonly localisations: Localisations;
}

/** All that people find under `/` and under *Apps*, as Discord is told of it. */
export function describeCommands({ commands, messageActions, localisations }: CommandCatalog): Registration[] {
  return [
    ...commands.map((command) => describeCommand(command, localisations)),
    ...messageActions.map(({ action, title }) => ({
      type: ApplicationCommandType.Message as const,
      name: title,
      name_localizations: localised(localisations.messageActions, (names) => names[action]),
      default_member_permissions: null,
      ...EVERYWHERE,
    })),
  ];
}

/**
 * Writes what is offered, for all servers, but only when Discord has it otherwise.
 * @returns whether it was written
 */
export async function registerCommands(
  rest: REST,
  applicationId: string,
  wanted: readonly Registration[],
): Promise<boolean> {
  const route = Routes.applicationCommands(applicationId);
  const query = new URLSearchParams({ with_localizations: 'true' });
  const existing = (await rest.get(route, { query })) as (Registration & { readonly id: string })[];
  // The entry point of an app's activity is not Easel's to take away, and Discord refuses a list without it.
  const [entryPoints, ours] = partition(existing, ({ type }) => type === ApplicationCommandType.PrimaryEntryPoint);
  if (isDeepStrictEqual(byName(ours), byName(wanted))) return false;
  await rest.put(route, { body: [...wanted, ...entryPoints] });
  return true;
}

function describeCommand(command: CommandDescription, { commands: languages }: Localisations): Registration {
  const { name, description, options, pictures = [], moderatorsOnly } = command;
  const required = options.filter((option) => option.required);
  const optional = options.filter((option) => !option.required);
  return {
    type: ApplicationCommandType.ChatInput,
    name,
    name_localizations: localised(languages, (wording) => wording[name]?.name),
    description: truncate(description, MAX_DESCRIPTION_LENGTH),
    description_localizations: localised(languages, (wording) => shorten(wording[name]?.description)),
    options: [
      ...required.map((option) => describeOption(name, option, languages)),
      ...pictures.map((picture) => describePicture(name, picture, languages)),
      ...optional.map((option) => describeOption(name, option, languages)),
    ].slice(0, MAX_OPTIONS),
    default_member_permissions: moderatorsOnly === true ? `${MODERATOR_PERMISSION}` : null,
    ...EVERYWHERE,
  };
}

/** What is the same of all options. */
function describeWords(
  command: string,
  { name, description }: PictureDescription,
  languages: Localisations['commands'],
) {
  const wordings = (pick: (words: PictureDescription) => string | undefined) =>
    localised(languages, (wording) => {
      const words = wording[command]?.options[name];
      return words === undefined ? undefined : pick(words);
    });
  return {
    name,
    name_localizations: wordings((words) => words.name),
    description: truncate(description, MAX_DESCRIPTION_LENGTH),
    description_localizations: wordings((words) => shorten(words.description)),
  };
}

function describePicture(
  command: string,
  picture: PictureDescription,
  languages: Localisations['commands'],
): APIApplicationCommandBasicOption {
  const type = ApplicationCommandOptionType.Attachment;
  return { ...describeWords(command, picture, languages), type, required: false };
}

function describeOption(
  command: string,
  option: OptionDescription,
  languages: Localisations['commands'],
): APIApplicationCommandBasicOption {
  const { required, min, max, choices = [] } = option;
  const head = { ...describeWords(command, option, languages), required };
  const bounds = { ...(min !== undefined && { min_value: min }), ...(max !== undefined && { max_value: max }) };
  switch (option.type) {
    case 'boolean':
      return { ...head, type: ApplicationCommandOptionType.Boolean };
    case 'integer':
      return { ...head, type: ApplicationCommandOptionType.Integer, ...bounds };
    case 'number':
      return { ...head, type: ApplicationCommandOptionType.Number, ...bounds };
    case 'string': {
      const type = ApplicationCommandOptionType.String;
      // A list that Discord cannot hold, or that changes, is offered while typing.
      if (option.completes === true || choices.length > MAX_CHOICES) return { ...head, type, autocomplete: true };
      if (choices.length === 0) return { ...head, type };
      return { ...head, type, choices: choices.map((choice) => ({ name: choice, value: choice })) };
    }
  }
}

function shorten(description: string | undefined): string | undefined {
  return description === undefined ? undefined : truncate(description, MAX_DESCRIPTION_LENGTH);
}

function localised<Language>(
  languages: Readonly<Record<string, Language>>,
  pick: (language: Language) => string | undefined,
): LocalizationMap | null {
  const words = Object.entries(languages).flatMap(([locale, language]) => {
    const word = pick(language);
    return word === undefined ? [] : [[locale, word] as const];
  });
  return words.length === 0 ? null : Object.fromEntries(words);
}

/** Discord lists commands in an order of its own. */
function byName(registrations: readonly Registration[]): ReadonlyMap<string, unknown> {
  const named = registrations.map((command) => [`${command.type}:${command.name}`, canonical(command)] as const);
  return new Map(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What Discord adds of its own. */
const ADDED = ['id', 'application_id', 'version', 'guild_id', 'dm_permission', 'nsfw', 'name_localized'];

/** Both sides in one writing: Discord leaves out or fills in what stands for nothing, and keeps no order of keys. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value.map(canonical);
    return isNumbers(items) ? items.toSorted((a, b) => a - b) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, content]) => !ADDED.includes(key) && !standsForNothing(content));
  return Object.fromEntries(kept.map(([key, content]) => [key, canonical(content)]));
}

function standsForNothing(content: unknown): boolean {
  if (content === null || content === undefined || content === false || content === '') return true;
  return typeof content === 'object' && Object.keys(content).length === 0;
}

function isNumbers(items: readonly unknown[]): items is readonly number[] {
  return items.every((item) => typeof item === 'number');
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): readonly [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
