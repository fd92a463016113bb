import { SPEC_LIMITS } from '../../engine/index.ts';
import { readBlockList } from '../../src/core/blocked-words.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { encodeFormId } from '../../src/core/form.ts';
import { strong, text } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Command, CommandContext } from '../context.ts';
import { collectOptions, type OptionInput, readOne } from '../parsing/collect-options.ts';
import { splitNames } from '../parsing/name-list.ts';
import { createOptionSet } from '../parsing/option-set.ts';
import { readChoice, readNumber, readSide, readSwitch } from '../parsing/values.ts';
import { privateButton, privateReply } from '../replies.ts';
import { describeChannelSettings } from './settings-lines.ts';

/** The form's name in `encodeFormId`. */
export const CHANNEL_FORM = 'channel';

const RESETTABLE = ['models', 'max-size', 'max-steps', 'nsfw', 'spoiler', 'block'] as const;
const MAX_BLOCKED_WORDS = 500;
const MAX_BLOCK_LENGTH = 3000;

const KEYS: Readonly<Record<(typeof RESETTABLE)[number], keyof ChannelSettings>> = {
  models: 'models',
  'max-size': 'maxSide',
  'max-steps': 'maxSteps',
  nsfw: 'nsfw',
  spoiler: 'spoiler',
  block: 'blockedWords',
};

const RESETS = ['all', ...RESETTABLE] as const;
const TEXT = { type: 'string', required: false, freeText: false, aliases: [] } as const;
const SWITCH = { type: 'boolean', required: false, freeText: false, aliases: [], example: 'on' } as const;
const NUMBER = { type: 'integer', required: false, freeText: false, aliases: [] } as const;

const OPTIONS = [
  {
    ...TEXT,
    name: 'models',
    description: 'Models allowed here; the first is the default',
    completes: true,
    example: 'sketch',
  },
  {
    ...NUMBER,
    name: 'max-size',
    description: 'Longest allowed side in pixels',
    min: SPEC_LIMITS.minSide,
    max: SPEC_LIMITS.maxSide,
    example: '768',
  },
  {
    ...NUMBER,
    name: 'max-steps',
    description: 'Most steps allowed',
    min: SPEC_LIMITS.minSteps,
    max: SPEC_LIMITS.maxSteps,
    example: '50',
  },
  { ...SWITCH, name: 'nsfw', description: 'Allows adult pictures; only in an age-restricted channel' },
  { ...SWITCH, name: 'spoiler', description: 'Hides every picture as a spoiler' },
  {
    ...TEXT,
    name: 'block',
    description: 'Words and phrases that are not allowed in prompts here',
    example: 'gore, dead body',
  },
  {
    ...TEXT,
    name: 'reset',
    description: 'Resets one of these to its default, or all of them',
    choices: RESETS,
    example: 'all',
  },
] as const satisfies readonly OptionDescription[];

const SET = createOptionSet('channel', OPTIONS, ['models', 'block']);

/** What its moderators allow in a channel. */
export const channel: Command = {
  description: {
    name: 'channel',
    description: 'Set what is allowed in this channel',
    options: OPTIONS,
    moderatorsOnly: true,
  },
  async run(request, context) {
    requireModerator(request);
    const before = await context.settings.ofChannel(request.channel);
    const changed = changeChannel(before, request, context);
    if (changed !== undefined) return saveChannel(request, changed, context);
    const form = privateButton(encodeFormId({ form: CHANNEL_FORM }), '✏️ Change', "Change this channel's settings");
    return privateReply([[strong('In this channel')], ...describeChannelSettings(before)], [[form]]);
  },
};

/** @throws BadInputError unless the person moderates the channel */
export function requireModerator(request: Request): void {
  if (request.isModerator) return;
  throw new BadInputError(
    'not_moderator',
    'Only moderators of this channel can change its settings; `/settings` shows them to everyone.',
  );
}

/** @throws BadInputError when pictures for adults are to be let through where they may not be */
export async function saveChannel(
  request: Request,
  changed: ChannelSettings,
  context: CommandContext,
): Promise<DispatchResult> {
  if (changed.nsfw === true && !request.isAgeRestricted) {
    throw new BadInputError(
      'not_for_adults',
      'Adult pictures are allowed only in an age-restricted channel; mark the channel as age-restricted first.',
    );
  }
  const save = async (settings: ChannelSettings) => {
    await context.settings.setChannel(request.channel, settings);
    return privateReply([[text('Saved. The settings of this channel are now:')], ...describeChannelSettings(settings)]);
  };
  return context.runOnce(request, async () => changed, save);
}

/** The settings with what was given in their place; undefined when nothing was. @throws BadInputError */
export function changeChannel(
  before: ChannelSettings,
  input: OptionInput,
  context: CommandContext,
): ChannelSettings | undefined {
  const given = collectOptions(input, SET);
  if (given.size === 0) return undefined;
  const reset = readOne(given, SET, 'reset', (_, raw) => readChoice('setting', raw, RESETS));
  const models = readOne(given, SET, 'models', (_, raw) => String(raw));
  const maxSide = readOne(given, SET, 'max-size', readSide);
  const maxSteps = readOne(given, SET, 'max-steps', readNumber);
  const nsfw = readOne(given, SET, 'nsfw', readSwitch);
  const spoiler = readOne(given, SET, 'spoiler', readSwitch);
  const block = readOne(given, SET, 'block', (_, raw) => String(raw));
  return {
    ...(reset === 'all' ? {} : without(before, reset)),
    ...(models !== undefined && { models: readModels(models, context) }),
    ...(maxSide !== undefined && { maxSide }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(nsfw !== undefined && { nsfw }),
    ...(spoiler !== undefined && { spoiler }),
    ...(block !== undefined && { blockedWords: readBlock(block) }),
  };
}

function readModels(typed: string, { engine }: CommandContext): string[] {
  const here = engine.models.map(({ id }) => id);
  return [...new Set(splitNames(typed, here).map((name) => readChoice('model here', name, here)))];
}

function readBlock(typed: string): string[] {
  const words = readBlockList(typed);
  if (words.length <= MAX_BLOCKED_WORDS && words.join(', ').length <= MAX_BLOCK_LENGTH) return words;
  throw new BadInputError(
    'too_many_words',
    `The list of blocked words is too long; the limit is ${MAX_BLOCKED_WORDS} words and ${MAX_BLOCK_LENGTH} characters.`,
  );
}

function without(settings: ChannelSettings, name: (typeof RESETTABLE)[number] | undefined): ChannelSettings {
  const key = name === undefined ? undefined : KEYS[name];
  return Object.fromEntries(Object.entries(settings).filter(([candidate]) => candidate !== key));
}
