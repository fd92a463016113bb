import type { CommandDescription, MessageActionDescription, OptionDescription } from '../../../src/core/command.ts';

const OPTIONAL = { aliases: [], required: false, freeText: false } as const;

const IMAGINE_OPTIONS: readonly OptionDescription[] = [
  {
    name: 'prompt',
    aliases: [],
    description: 'What the picture shows',
    type: 'string',
    required: true,
    freeText: true,
    example: 'a fox in the snow',
  },
  {
    ...OPTIONAL,
    name: 'negative',
    aliases: ['no'],
    description: 'Negative prompt: what the picture should not show',
    type: 'string',
    example: 'text, frame',
  },
  {
    ...OPTIONAL,
    name: 'seed',
    description: 'The same seed and options give the same picture',
    type: 'integer',
    min: 0,
    max: 2 ** 32 - 1,
    example: '42',
  },
  {
    ...OPTIONAL,
    name: 'steps',
    description: 'Denoising steps: more are slower and add detail',
    type: 'integer',
    min: 1,
    max: 150,
    example: '20',
  },
  {
    ...OPTIONAL,
    name: 'sampler',
    description: 'Sampling method',
    type: 'string',
    choices: ['pndm', 'ddim', 'euler', 'euler_a', 'dpmpp_2m'],
    example: 'euler_a',
  },
  { ...OPTIONAL, name: 'style', description: 'The look', type: 'string', completes: true, example: 'ink' },
];

/** Like the real ones, but the web channel's tests do not move with them. */
export const TEST_COMMANDS: readonly CommandDescription[] = [
  {
    name: 'imagine',
    description: 'Draw pictures from a prompt',
    options: IMAGINE_OPTIONS,
    isDefault: true,
    formShortcut: 'imagine',
  },
  { name: 'queue', description: 'Who is waiting', options: [] },
  { name: 'help', description: 'List the commands, or explain one of them', options: [], isHelp: true },
];

export const TEST_ACTIONS: readonly MessageActionDescription[] = [
  { action: 'vary', title: 'Vary this' },
  { action: 'recipe', title: 'Show recipe' },
];
