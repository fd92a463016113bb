import { SPEC_LIMITS } from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { encodeFormId } from '../../src/core/form.ts';
import { strong, text } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { UserSettings } from '../../src/core/settings.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Command, CommandContext } from '../context.ts';
import { readSampler } from '../imagine/imagine-input.ts';
import { checkJobPixels, readSize } from '../imagine/size.ts';
import { NO_STYLE, readStyle } from '../imagine/style-names.ts';
import { collectOptions, type OptionInput, readOne } from '../parsing/collect-options.ts';
import { createOptionSet } from '../parsing/option-set.ts';
import { readChoice, readNumber, readText } from '../parsing/values.ts';
import { privateButton, privateReply } from '../replies.ts';
import { CHANNEL_FORM } from './channel.ts';
import { describeChannelSettings, describeUserSettings } from './settings-lines.ts';

/** The form's name in `encodeFormId`. */
export const SETTINGS_FORM = 'settings';

const USER_SETTINGS = [
  'size',
  'count',
  'sampler',
  'style',
  'negative',
] as const satisfies readonly (keyof UserSettings)[];
const RESETS = ['all', ...USER_SETTINGS] as const;
const TEXT = { type: 'string', required: false, freeText: false, aliases: [] } as const;

const OPTIONS = [
  { ...TEXT, name: 'size', description: 'Default width and height', completes: true, example: '512x768' },
  {
    name: 'count',
    aliases: [],
    description: 'Default number of pictures',
    type: 'integer',
    required: false,
    freeText: false,
    min: SPEC_LIMITS.minCount,
    max: SPEC_LIMITS.maxCount,
    example: '2',
  },
  { ...TEXT, name: 'sampler', description: 'Sampling method', completes: true, example: 'dpmpp_2m_karras' },
  { ...TEXT, name: 'style', description: 'Default style', completes: true, example: 'watercolour' },
  {
    ...TEXT,
    name: 'negative',
    aliases: ['no'],
    description: 'Default negative prompt',
    example: 'text, frame',
  },
  {
    ...TEXT,
    name: 'reset',
    description: 'Resets one setting to its default, or all of them',
    choices: RESETS,
    example: 'all',
  },
] as const satisfies readonly OptionDescription[];

const SET = createOptionSet('settings', OPTIONS, ['negative']);

/** A person's own defaults, wherever they ask. */
export const settings: Command = {
  description: { name: 'settings', description: 'Show or change your default settings', options: OPTIONS },
  async run(request, context) {
    const before = await context.settings.ofUser(request.user);
    const changed = change(before, request, context);
    if (changed === undefined) return showSettings(request, before, context);
    return saveUserSettings(request, changed, context);
  },
};

/** What they are now, with the channel's rules and buttons to change both. */
async function showSettings(request: Request, mine: UserSettings, context: CommandContext): Promise<DispatchResult> {
  const rules = await context.settings.ofChannel(request.channel);
  const ruleLines = describeChannelSettings(rules);
  const own = privateButton(encodeFormId({ form: SETTINGS_FORM }), '✏️ Change', 'Change your settings');
  const channel = privateButton(encodeFormId({ form: CHANNEL_FORM }), 'This channel', "Change this channel's settings");
  return privateReply(
    [
      [strong('Your pictures')],
      ...describeUserSettings(mine, context.defaults),
      [strong('In this channel')],
      ...ruleLines,
    ],
    [request.isModerator ? [own, channel] : [own]],
  );
}

/** @throws BadInputError when such pictures are too much for one job */
export async function saveUserSettings(
  request: Request,
  changed: UserSettings,
  context: CommandContext,
): Promise<DispatchResult> {
  if (changed.size !== undefined) checkJobPixels(changed.size, changed.count ?? 1);
  const save = async (settings: UserSettings) => {
    await context.settings.setUser(request.user, settings);
    const lines = describeUserSettings(settings, context.defaults);
    return privateReply([[text('Saved. Your settings are now:')], ...lines]);
  };
  return context.runOnce(request, async () => changed, save);
}

/** The settings with what was given in their place; undefined when nothing was. @throws BadInputError */
export function change(before: UserSettings, input: OptionInput, context: CommandContext): UserSettings | undefined {
  const given = collectOptions(input, SET);
  if (given.size === 0) return undefined;
  const reset = readOne(given, SET, 'reset', (_, raw) => readChoice('setting', raw, RESETS));
  const size = readOne(given, SET, 'size', (_, raw) => readSize('Size', String(raw)));
  const count = readOne(given, SET, 'count', readNumber);
  const sampler = readOne(given, SET, 'sampler', readSampler);
  const style = readOne(given, SET, 'style', (_, raw) => readStyle(raw, context.styles));
  const negative = readOne(given, SET, 'negative', readText);
  const kept = reset === 'all' ? {} : without(before, reset);
  return {
    ...(style === NO_STYLE ? without(kept, 'style') : kept),
    ...(size !== undefined && { size }),
    ...(count !== undefined && { count }),
    ...(sampler !== undefined && { sampler }),
    ...(style !== undefined && style !== NO_STYLE && { style }),
    ...(negative !== undefined && { negative }),
  };
}

function without(settings: UserSettings, name: keyof UserSettings | undefined): UserSettings {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => key !== name));
}
