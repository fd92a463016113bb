import type { EngineDescription } from '../engine/index.ts';
import type { CommandDescription, OptionDescription } from '../src/core/command.ts';
import { code, type RichText, strong, text } from '../src/core/reply.ts';
import type { Command } from './context.ts';
import { privately } from './replies.ts';
import { readChoice } from './values.ts';

const BUTTONS: readonly (readonly [label: string, meaning: string])[] = [
  ['U1–U4', 'enlarge that picture'],
  ['V1–V4', 'variations of that picture'],
  ['🔄', 'the same again with a new seed'],
];

/** /help, written from what the commands say of themselves. */
export function createHelp(others: readonly CommandDescription[]): Command {
  const description: CommandDescription = {
    name: 'help',
    description: 'What you can say here',
    options: [
      {
        name: 'command',
        aliases: [],
        description: 'Leave out for an overview',
        type: 'string',
        required: false,
        freeText: true,
        choices: others.map((other) => other.name),
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
      if (typed === '') return privately(overview(all));
      const names = all.map((command) => command.name);
      const chosen = readChoice('command', typed, names);
      return privately(
        all.filter((command) => command.name === chosen).flatMap((command) => details(command, context.engine)),
      );
    },
  };
}

function overview(commands: readonly CommandDescription[]): RichText[] {
  return [
    ...commands.map((command): RichText => [code(`/${command.name}`), text(` – ${command.description}`)]),
    ...BUTTONS.map(([label, meaning]): RichText => [strong(label), text(` – ${meaning}`)]),
    [text('Anyone may press these; only the author can cancel or delete.')],
  ];
}

function details(command: CommandDescription, engine: EngineDescription): RichText[] {
  const typed = command.options.filter((option) => !option.freeText);
  const example = [
    `/${command.name}`,
    ...command.options.filter((option) => option.freeText).map((option) => option.example),
  ];
  return [
    [strong(`/${command.name}`), text(` – ${command.description}, for example `), code(example.join(' '))],
    ...typed.map(
      (option): RichText => [
        code([option.name, ...option.aliases].map((name) => `--${name}`).join(', ')),
        text(` – ${option.description}${describeValues(option, engine)}`),
      ],
    ),
  ];
}

function describeValues(option: OptionDescription, engine: EngineDescription): string {
  const choices = option.name === 'model' ? engine.models.map((model) => model.id) : option.choices;
  if (choices !== undefined) return `: ${choices.join(', ')}`;
  const bounds = option.min === undefined || option.max === undefined ? '' : `, ${option.min}–${option.max}`;
  return `${bounds}, such as ${option.example}`;
}
