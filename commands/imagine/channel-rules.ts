import {
  type EngineDescription,
  type EngineTask,
  listNames,
  type ModelDescription,
  promptTexts,
  specOf,
} from '../../engine/index.ts';
import { findBlocked } from '../../src/core/blocked-words.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { type Size, sizeOf } from '../../src/core/picture-size.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import { shorten } from '../parsing/limits.ts';

/** Upscaled sides may be this many times the channel's limit. */
const UPSCALE_FACTOR = 2;

/**
 * What the channel's moderators have ruled out, whoever asks and in whatever way. Words are sought in what the model
 * reads, beside what was typed; never in the negative prompt, which says what to keep out.
 * @throws BadInputError naming the rule, EngineError for a prompt of more forms than are read
 */
export function assertAllowed(task: EngineTask, rules: ChannelSettings, engine: EngineDescription): void {
  const spec = specOf(task);
  const { model, steps } = spec;
  const models = allowedModels(engine, rules);
  // The engine rejects a model that no longer exists.
  if (!models.includes(model) && engine.models.some(({ id }) => id === model)) {
    throw refuse(
      'rule_model',
      `The model \`${model}\` is not allowed in this channel; choose from ${listNames(models)}.`,
    );
  }
  if (rules.maxSteps !== undefined && steps > rules.maxSteps) {
    throw refuse('rule_steps', `${steps} steps are too many; this channel allows at most ${rules.maxSteps}.`);
  }
  assertSize(task, rules, engine);
  const { blockedWords = [] } = rules;
  if (blockedWords.length === 0) return;
  const blocked = findBlocked(promptTexts(spec, engine.learnedTokens), blockedWords);
  if (blocked !== undefined) {
    throw refuse('rule_words', `This channel does not allow “${shorten(blocked)}” in a prompt; remove it.`);
  }
}

function assertSize(task: EngineTask, rules: ChannelSettings, engine: EngineDescription): void {
  const model = engine.models.find(({ id }) => id === specOf(task).model);
  const maxSide = model === undefined ? rules.maxSide : ceilingFor(model, { engine, channel: rules });
  if (maxSide === undefined) return;
  refuseLonger(specOf(task), maxSide, 'per side');
  refuseLonger(sizeOf(task), maxSide * UPSCALE_FACTOR, 'per side after upscaling');
}

/** Where a size in pixels was said: in a channel, whose default model is not the same everywhere. */
interface Place {
  readonly engine: EngineDescription;
  readonly channel?: ChannelSettings;
}

/**
 * Sizes are set with the channel's default model in mind. For a model that draws larger pictures they grow with its native
 * size; for one that draws smaller ones they stay.
 */
export function nativeScale(model: ModelDescription, { engine, channel = {} }: Place): number {
  const [usualId] = allowedModels(engine, channel);
  const usual = engine.models.find(({ id }) => id === usualId) ?? model;
  return Math.max(1, Math.sqrt((model.width * model.height) / (usual.width * usual.height)));
}

/** The longest side that the channel allows of a model's pictures, pixels; undefined for any. */
export function ceilingFor(model: ModelDescription, place: Place): number | undefined {
  const { maxSide } = place.channel ?? {};
  return maxSide === undefined ? undefined : Math.floor(maxSide * nativeScale(model, place));
}

function refuseLonger({ width, height }: Size, most: number, what: string): void {
  if (Math.max(width, height) <= most) return;
  throw refuse('rule_size', `${width}×${height} is too large; this channel allows at most ${most} pixels ${what}.`);
}

/** The allowed models, the channel's default first. All models if its list contains none that exists. */
export function allowedModels(engine: EngineDescription, rules: ChannelSettings): readonly string[] {
  const here = engine.models.map(({ id }) => id);
  const allowed = (rules.models ?? []).filter((id) => here.includes(id));
  return allowed.length > 0 ? allowed : [engine.defaultModel, ...here.filter((id) => id !== engine.defaultModel)];
}

function refuse(code: string, sentence: string): BadInputError {
  return new BadInputError(code, sentence);
}
