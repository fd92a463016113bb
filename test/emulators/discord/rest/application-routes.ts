import { type APIApplicationCommand, ApplicationCommandType } from 'discord.js';
import { refuse } from '../discord-error.ts';
import { botPayload } from '../payloads.ts';
import { type CommandFields, commandProblems } from './command-rules.ts';
import { at, type Incoming, ok, type Route } from './request.ts';
import { checkSchema } from './schema.ts';

const OFTEN = { requests: 50, windowMs: 1000 };

function list(incoming: Incoming) {
  own(incoming);
  const { commands } = incoming.state;
  if (incoming.query.get('with_localizations') === 'true') return ok(commands);
  return ok(commands.map(({ name_localizations: _names, description_localizations: _words, ...command }) => command));
}

function replace(incoming: Incoming) {
  own(incoming);
  const { state } = incoming;
  checkSchema('commands', withNumericPermissions(incoming.json));
  const wanted = incoming.json as readonly CommandFields[];
  const problems = commandProblems(wanted);
  if (problems.length > 0) throw refuse.invalidBody(problems);
  state.commands = wanted.map((command) => asStored(command, incoming));
  return ok(state.commands);
}

/** The schema has permissions as a number; Discord's documentation, and Discord, take the digits of one as well. */
function withNumericPermissions(json: unknown): unknown {
  if (!Array.isArray(json)) return json;
  return json.map((command: { readonly default_member_permissions?: unknown }) => {
    const { default_member_permissions: permissions } = command;
    const isDigits = typeof permissions === 'string' && /^\d+$/.test(permissions);
    return isDigits ? { ...command, default_member_permissions: Number(permissions) } : command;
  });
}

/** As Discord keeps a command: with an id and a version, its defaults filled in, what stands for nothing left out. */
function asStored(command: CommandFields, { state }: Incoming): APIApplicationCommand {
  const existing = state.commands.find(({ name, type }) => name === command.name && type === (command.type ?? 1));
  const { options, ...rest } = command;
  const isSlash = (command.type ?? ApplicationCommandType.ChatInput) === ApplicationCommandType.ChatInput;
  return {
    ...{ id: existing?.id ?? state.nextId(), application_id: state.bot.id, version: state.nextId() },
    ...{ default_member_permissions: null, dm_permission: true, nsfw: false, description: '' },
    ...rest,
    type: command.type ?? ApplicationCommandType.ChatInput,
    ...(isSlash && options !== null && (options ?? []).length > 0 && { options: options?.map(optionAsStored) }),
  } as unknown as APIApplicationCommand;
}

function optionAsStored({
  required = false,
  autocomplete = false,
  ...option
}: NonNullable<CommandFields['options']>[number]) {
  return { ...option, ...(required && { required }), ...(autocomplete && { autocomplete }) };
}

function own(incoming: Incoming): void {
  if (at(incoming, 'application') !== incoming.state.bot.id) throw refuse.missingAccess();
}

const base = { auth: 'bot', limit: OFTEN, isGlobal: true } as const;

export const applicationRoutes: readonly Route[] = [
  { ...base, method: 'GET', template: '/applications/:application/commands', major: ['application'], run: list },
  { ...base, method: 'PUT', template: '/applications/:application/commands', major: ['application'], run: replace },
  { ...base, method: 'GET', template: '/users/@me', major: [], run: ({ state }) => ok(botPayload(state)) },
];
