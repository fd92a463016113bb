import {
  DECODERS,
  type EngineDescription,
  NOISE_DEVICES,
  PROMPT_SYNTAXES,
  SAMPLER_NAMES,
  type SamplerName,
  SPEEDS,
} from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import type { OptionValue } from '../../src/core/request.ts';
import { samplerOfAlias } from '../../src/core/samplers.ts';
import type { Style } from '../../src/core/style.ts';
import { collectOptions, type OptionInput, readOne } from '../parsing/collect-options.ts';
import { readChoice, readNumber, readSide, readSwitch, readText } from '../parsing/values.ts';
import { readHires, readUpscaler } from './hires.ts';
import { IMAGINE, type ImagineOptionName } from './imagine-options.ts';
import { readLoras } from './loras.ts';
import { parseSeedText, readSeedText } from './seed-value.ts';
import { readRatio, readSize } from './size.ts';
import { readStyle } from './style-names.ts';

/** What a person gave /imagine, parsed: every option as its kind of value, undefined where it was not given. */
export type ImagineInput = ReturnType<typeof parseImagine>;

/** What the values of some options are chosen from. */
export interface ImagineNames {
  readonly engine: EngineDescription;
  readonly styles?: readonly Style[];
}

const asTyped = (_: OptionDescription, raw: OptionValue) => String(raw);
const trimmed = (_: OptionDescription, raw: OptionValue) => String(raw).trim();

/**
 * Typed options and flags, by one path. A request is parsed here once; everything after works with the result.
 * @throws BadInputError for the first value that is wrong; nothing that was typed is repaired
 */
export function parseImagine(given: OptionInput, { engine, styles = [] }: ImagineNames) {
  const values = collectOptions(given, IMAGINE);
  const one = <Value>(name: ImagineOptionName, read: (option: OptionDescription, raw: OptionValue) => Value) =>
    readOne(values, IMAGINE, name, read);
  /** For values that are objects: they are compared as text, and parsed when all places agree. */
  const parsed = <Value>(text: string | undefined, parse: (text: string) => Value) =>
    text === undefined ? undefined : parse(text);
  const models = engine.models.map((model) => model.id);
  return {
    prompt: one('prompt', readText),
    negative: one('negative', readText),
    style: one('style', (_, raw) => readStyle(raw, styles)),
    ar: parsed(one('ar', asTyped), readRatio),
    size: parsed(one('size', asTyped), (text) => readSize('Size', text)),
    width: one('width', readSide),
    height: one('height', readSide),
    seed: parsed(one('seed', readSeedText), parseSeedText),
    steps: one('steps', readNumber),
    guidance: one('guidance', readNumber),
    sampler: one('sampler', readSampler),
    count: one('count', readNumber),
    speed: one('speed', (_, raw) => readChoice('speed', raw, SPEEDS)),
    decoder: one('decoder', (_, raw) => readChoice('decoder', raw, DECODERS)),
    strength: one('strength', readNumber),
    hires: parsed(one('hires', asTyped), readHires),
    upscaler: parsed(one('upscaler', asTyped), (text) => readUpscaler(text, engine.upscalers ?? [])),
    clipSkip: one('clip-skip', readNumber),
    guidanceRescale: one('rescale', readNumber),
    syntax: one('syntax', (_, raw) => readChoice('prompt syntax', raw, PROMPT_SYNTAXES)),
    noiseDevice: one('noise', (_, raw) => readChoice('noise source', raw, NOISE_DEVICES)),
    seedSize: parsed(one('seed-size', asTyped), (text) => readSize('Seed size', text)),
    model: one('model', (_, raw) => readChoice('model here', raw, models)),
    lora: parsed(one('lora', asTyped), (text) => readLoras(text, engine.loras)),
    /** Addresses or files of the pictures that the request begins from. */
    init: one('init', trimmed),
    mask: one('mask', trimmed),
    /** Whether the pictures shall be hidden at first; undefined leaves it to the channel. */
    spoiler: one('spoiler', readSwitch),
  };
}

/** @throws BadInputError for the first value that is wrong */
export function readSampler(_: OptionDescription, raw: OptionValue): SamplerName {
  return samplerOfAlias(String(raw)) ?? readChoice('sampler', raw, SAMPLER_NAMES);
}
