import { listNames } from '../../engine/index.ts';
import { code, type RichText, text } from '../../src/core/reply.ts';
import type { ChannelSettings, UserSettings } from '../../src/core/settings.ts';
import type { CommandDefaults } from '../defaults.ts';
import { shorten } from '../parsing/limits.ts';

const MAX_SHOWN = 200;

/** One line for each setting; unset ones show their default. */
export function describeUserSettings(settings: UserSettings, defaults: CommandDefaults): RichText[] {
  const { size, count, sampler, style, negative } = settings;
  return [
    line('size', size === undefined ? "the model's default" : `${size.width}×${size.height}`),
    line('count', `${count ?? defaults.count}`),
    line('sampler', sampler ?? "the model's default"),
    line('style', style ?? 'none'),
    line('negative', describeNegative(negative ?? defaults.negative)),
  ];
}

/** One line for each restriction. */
export function describeChannelSettings(settings: ChannelSettings): RichText[] {
  const { models, maxSide, maxSteps, nsfw, spoiler, blockedWords = [] } = settings;
  const lines: RichText[] = [];
  if (models !== undefined) lines.push(line('models', listNames(models)));
  if (maxSide !== undefined) lines.push(line('max-size', `${maxSide} pixels per side, twice that after upscaling`));
  if (maxSteps !== undefined) lines.push(line('max-steps', `${maxSteps}`));
  if (nsfw === true) lines.push(line('nsfw', 'adult pictures are allowed'));
  if (spoiler === true) lines.push(line('spoiler', 'pictures are hidden as spoilers'));
  if (blockedWords.length > 0) lines.push(line('block', shorten(blockedWords.join(', '), MAX_SHOWN)));
  return lines.length === 0 ? [[text('No restrictions.')]] : lines;
}

function line(name: string, value: string): RichText {
  return [code(name), text(` ${value}`)];
}

function describeNegative(negative: string): string {
  return negative === '' ? 'nothing' : shorten(negative, MAX_SHOWN);
}
