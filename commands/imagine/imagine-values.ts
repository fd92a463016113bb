import {
  type EngineDescription,
  NOISE_DEVICES,
  PROMPT_SYNTAXES,
  SAMPLER_NAMES,
  type SamplerName,
} from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import type { OptionValue } from '../../src/core/request.ts';
import { samplerOfAlias } from '../../src/core/samplers.ts';
import type { Style } from '../../src/core/style.ts';
import { collectOptions, type GivenOptions, type OptionInput, readOne } from '../parsing/collect-options.ts';
import { readChoice, readNumber, readSide, readSwitch, readText } from '../parsing/values.ts';
import { readUpscaler } from './hires.ts';
import { IMAGINE, type ImagineOptionName } from './imagine-options.ts';
import { readLoras } from './loras.ts';
import { parseSeedText, readSeedText } from './seed-value.ts';
import { readSize } from './size.ts';
import { readStyle } from './style-names.ts';

/** What a person gave /imagine: typed options, and text that may hold flags. */
export type ImagineInput = OptionInput;

/** Addresses or files of the pictures that a request begins from. */
export interface PictureSources {
  readonly init?: string;
  readonly mask?: string;
}

/** Every option of /imagine as a person gave it, checked by itself; undefined where it was not given. */
export type ImagineValues = ReturnType<typeof readValues>;

/** Which pictures have to be had before the request can be resolved. @throws BadInputError */
export function pictureSources(input: ImagineInput): PictureSources {
  const given = collectOptions(input, IMAGINE);
  const one = (name: 'init' | 'mask') => readOne(given, IMAGINE, name, (_, raw) => String(raw).trim());
  const [init, mask] = [one('init'), one('mask')];
  return { ...(init !== undefined && { init }), ...(mask !== undefined && { mask }) };
}

/** Whether the pictures shall be hidden at first; undefined leaves it to the channel. @throws BadInputError */
export function readSpoiler(input: ImagineInput): boolean | undefined {
  return readOne(collectOptions(input, IMAGINE), IMAGINE, 'spoiler', readSwitch);
}

const asTyped = (_: OptionDescription, raw: OptionValue) => String(raw);

/** @throws BadInputError for the first value that is wrong */
export function readSampler(_: OptionDescription, raw: OptionValue): SamplerName {
  return samplerOfAlias(String(raw)) ?? readChoice('sampler', raw, SAMPLER_NAMES);
}

/** Every option as its kind of value; undefined where it was not given. @throws BadInputError for the first that is wrong */
export function readValues(
  given: GivenOptions<ImagineOptionName>,
  engine: EngineDescription,
  styles: readonly Style[],
) {
  const one = <Value>(name: ImagineOptionName, read: (option: OptionDescription, raw: OptionValue) => Value) =>
    readOne(given, IMAGINE, name, read);
  const models = engine.models.map((model) => model.id);
  const lora = one('lora', asTyped);
  const seed = one('seed', readSeedText);
  return {
    prompt: one('prompt', readText),
    negative: one('negative', readText),
    style: one('style', (_, raw) => readStyle(raw, styles)),
    ar: one('ar', asTyped),
    size: one('size', asTyped),
    width: one('width', readSide),
    height: one('height', readSide),
    seed: seed === undefined ? undefined : parseSeedText(seed),
    steps: one('steps', readNumber),
    guidance: one('guidance', readNumber),
    sampler: one('sampler', readSampler),
    count: one('count', readNumber),
    strength: one('strength', readNumber),
    hires: one('hires', asTyped),
    upscaler: one('upscaler', readUpscaler),
    clipSkip: one('clip-skip', readNumber),
    guidanceRescale: one('rescale', readNumber),
    syntax: one('syntax', (_, raw) => readChoice('prompt syntax', raw, PROMPT_SYNTAXES)),
    noiseDevice: one('noise', (_, raw) => readChoice('source of noise', raw, NOISE_DEVICES)),
    seedSize: one('seed-size', (_, raw) => readSize('Seed size', String(raw))),
    model: one('model', (_, raw) => readChoice('model here', raw, models)),
    lora: lora === undefined ? undefined : readLoras(lora, engine.loras),
  };
}
