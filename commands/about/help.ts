import { type EngineDescription, listNames, SAMPLER_NAMES } from '../../engine/index.ts';
import type { CommandDescription, MessageActionDescription, OptionDescription } from '../../src/core/command.ts';
import { code, type RichText, sentence, strong, text } from '../../src/core/reply.ts';
import { samplerLabel } from '../../src/core/samplers.ts';
import type { Command } from '../context.ts';
import { readChoice } from '../parsing/values.ts';
import { privateReply } from '../replies.ts';

/** Longer lists have their own help page. */
const MAX_LISTED = 12;
const SAMPLERS = 'samplers';

const BUTTONS: readonly (readonly [label: string, meaning: string])[] = [
  ['U1–U4', 'upscale that picture'],
  ['V1–V4', 'make variations of that picture'],
  ['🔄', 'draw the same prompt again with a new seed'],
  ['✏️', 'change the prompt or an option and keep the rest, including the seed'],
  ['⭐', 'star and keep it; `/show starred` shows starred pictures'],
  ['📄', 'show how it was made'],
];

/** What the help describes. */
export interface HelpSubjects {
  readonly commands: readonly CommandDescription[];
  readonly messageActions: readonly MessageActionDescription[];
}

/** /help, generated from the descriptions of the commands. */
export function createHelp({ commands: others, messageActions }: HelpSubjects): Command {
  const description: CommandDescription = {
    name: 'help',
    description: 'List the commands, or explain one of them',
    isHelp: true,
    options: [
      {
        name: 'command',
        aliases: [],
        description: 'The command to explain; leave out for an overview',
        type: 'string',
        required: false,
        freeText: true,
        choices: [...others.map((other) => other.name), SAMPLERS],
        example: 'imagine',
      },
    ],
  };
  const all = [...others, description];
  return {
    description,
    async run(request, context) {
      const typed = String(request.options.command ?? request.text)
        .trim()
        .replace(/^\//, '');
      if (typed === '')
        return privateReply(
          overview(
            all.filter(({ moderatorsOnly }) => moderatorsOnly !== true || request.isModerator),
            messageActions,
          ),
        );
      if (typed.toLowerCase() === SAMPLERS) return privateReply(samplers());
      const names = all.map((command) => command.name);
      const chosen = readChoice('command', typed, names);
      return privateReply(
        all.filter((command) => command.name === chosen).flatMap((command) => details(command, context.engine)),
      );
    },
  };
}

function overview(
  commands: readonly CommandDescription[],
  messageActions: readonly MessageActionDescription[],
): RichText[] {
  return [
    ...commands.map((command): RichText => [code(`/${command.name}`), text(` – ${command.description}`)]),
    ...BUTTONS.map(([label, meaning]): RichText => [strong(label), ...sentence(` – ${meaning}`)]),
    [text('Anyone can press these buttons; only the author and moderators can press ❌ and 🗑.')],
    [
      ...messageActions.flatMap(({ title }, index) => (index === 0 ? [strong(title)] : [text(' and '), strong(title)])),
      text(' are in the menu of every message with a picture.'),
    ],
  ];
}

function details(command: CommandDescription, engine: EngineDescription): RichText[] {
  const typed = command.options.filter((option) => !option.freeText);
  const example = [
    `/${command.name}`,
    ...command.options.filter((option) => option.freeText).map((option) => option.example),
  ];
  return [
    [code(`/${command.name}`), text(` – ${command.description}, for example `), code(example.join(' '))],
    ...typed.map(
      (option): RichText => [
        code([option.name, ...option.aliases].map((name) => `--${name}`).join(', ')),
        ...sentence(` – ${option.description}${describeValues(option, engine)}`),
      ],
    ),
  ];
}

/** One paragraph: a line each would be longer than a message may be. */
function samplers(): RichText[] {
  return [
    [strong('--sampler'), text(' accepts these samplers, by either name:')],
    [text(SAMPLER_NAMES.map((name) => `${name} (${samplerLabel(name)})`).join(', '))],
  ];
}

function describeValues(option: OptionDescription, engine: EngineDescription): string {
  const choices = option.name === 'model' ? engine.models.map((model) => model.id) : option.choices;
  if (choices !== undefined && choices.length > MAX_LISTED)
    return `, such as ${option.example}; \`/help ${option.name}s\``;
  if (choices !== undefined) return `: ${listNames(choices)}`;
  if (option.type === 'boolean') return ', on or off';
  const bounds = option.min === undefined || option.max === undefined ? '' : `, ${option.min}–${option.max}`;
  return `${bounds}, such as ${option.example}`;
}
