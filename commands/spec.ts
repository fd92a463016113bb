import {
  type EngineDescription,
  type GenerationSpec,
  type ModelDescription,
  NOISE_DEVICES,
  PROMPT_SYNTAXES,
  SAMPLER_NAMES,
} from '../engine/index.ts';
import type { OptionValue } from '../src/core/request.ts';
import { samplerOfAlias } from '../src/core/samplers.ts';
import { BadInputError } from '../src/errors.ts';
import { parseFlags } from './flags.ts';
import { abridge } from './limits.ts';
import { findOption, type ImagineOption, type ImagineOptionName, OPTION_SPELLINGS, optionNamed } from './options.ts';
import { checkJobPixels, readSize, resolveSize } from './size.ts';
import { suggest } from './suggest.ts';
import { readChoice, readNumber, readSide, readText } from './values.ts';

/** What a person gave /imagine: typed options, and text that may hold flags. */
export interface ImagineInput {
  readonly text: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** What a request is resolved against. */
export interface SpecSurroundings {
  readonly engine: EngineDescription;
  readonly defaults: { readonly count: number; readonly negative: string };
  /** The pictures that `pictureSources` named, kept. */
  readonly init?: InitSource;
  randomSeed(): number;
}

/** A picture to begin from, as it is kept. */
export interface InitSource {
  readonly image: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly mask?: string;
}

/** Addresses or files of the pictures that a request begins from. */
export interface PictureSources {
  readonly init?: string;
  readonly mask?: string;
}

interface Given {
  readonly raw: OptionValue;
  readonly spelling: string;
}
type Reader<Value> = (option: ImagineOption, raw: OptionValue) => Value;
type GivenOptions = ReadonlyMap<ImagineOptionName, readonly Given[]>;

/** Of the picture to begin from: enough to be seen, and for the prompt to have its say. */
const DEFAULT_STRENGTH = 0.75;

/** Which pictures have to be had before the request can be resolved. @throws BadInputError */
export function pictureSources(input: ImagineInput): PictureSources {
  const given = collect(input);
  const one = (name: 'init' | 'mask') => readOne(name, given.get(name) ?? [], (_, raw) => String(raw).trim());
  const [init, mask] = [one('init'), one('mask')];
  return { ...(init !== undefined && { init }), ...(mask !== undefined && { mask }) };
}
/**
 * Typed options and flags by one path, into a request that leaves nothing to chance: the seed is chosen here.
 * @throws BadInputError with one sentence for the first thing that is wrong; nothing is repaired
 */
export function resolveSpec(input: ImagineInput, surroundings: SpecSurroundings): GenerationSpec {
  const values = readValues(collect(input), surroundings.engine);
  if (values.prompt === undefined || values.prompt === '') {
    throw new BadInputError(
      'empty_prompt',
      'Say what the picture shows, such as `/imagine a red circle on a blue background`.',
    );
  }
  const model = findModel(surroundings.engine, values.model ?? surroundings.engine.defaultModel);
  const size = resolveSize(values, model, surroundings.init);
  const count = values.count ?? surroundings.defaults.count;
  checkJobPixels(size, count);
  return {
    prompt: values.prompt,
    negative: values.negative ?? surroundings.defaults.negative,
    ...size,
    steps: values.steps ?? model.steps,
    guidance: values.guidance ?? model.guidance,
    sampler: values.sampler ?? model.sampler,
    model: model.id,
    seed: values.seed ?? surroundings.randomSeed(),
    count,
    variations: [],
    ...initOf(values.strength, surroundings.init),
    ...onlyGiven(values),
  };
}

/** @throws BadInputError when something is said of a picture that is not there */
function initOf(strength: number | undefined, init: InitSource | undefined): Pick<GenerationSpec, 'init'> {
  if (init !== undefined) {
    const { image, mask } = init;
    return { init: { image, strength: strength ?? DEFAULT_STRENGTH, ...(mask !== undefined && { mask }) } };
  }
  if (strength === undefined) return {};
  throw new BadInputError(
    'no_init',
    '`--strength` says how much a picture may change; give that picture with `--init`, or attach it.',
  );
}

/** What is left out stays out, so that the engine's own default holds. */
function onlyGiven(values: ReturnType<typeof readValues>) {
  const { clipSkip, guidanceRescale, syntax, noiseDevice, seedSize } = values;
  return {
    ...(clipSkip !== undefined && { clipSkip }),
    ...(guidanceRescale !== undefined && { guidanceRescale }),
    ...(syntax !== undefined && { syntax }),
    ...(noiseDevice !== undefined && { noiseDevice }),
    ...(seedSize !== undefined && { seedSize }),
  };
}

/** Every value given for each option, wherever it was given. */
function collect(input: ImagineInput): GivenOptions {
  const given = new Map<ImagineOptionName, Given[]>();
  const add = (name: ImagineOptionName, value: Given) => given.set(name, [...(given.get(name) ?? []), value]);
  const addText = (source: string, spelling: string) => {
    const parsed = parseFlags(source);
    if (parsed.text !== '') add('prompt', { raw: parsed.text, spelling });
    for (const flag of parsed.flags) {
      refuseRepeated(flag.spelling, given.get(flag.option));
      add(flag.option, { raw: flag.value, spelling: flag.spelling });
    }
  };
  addText(input.text, 'the text');
  for (const [name, value] of Object.entries(input.options)) {
    const option = findOption(name);
    if (option === undefined) throw unknownOption(name);
    if (option.name === 'prompt') addText(String(value), 'the prompt option');
    else add(option.name, { raw: value, spelling: `the ${name} option` });
  }
  return given;
}

function refuseRepeated(spelling: string, earlier: readonly Given[] = []): void {
  const repeated = earlier.find((given) => given.spelling.startsWith('--'));
  if (repeated === undefined) return;
  throw new BadInputError(
    'given_twice',
    repeated.spelling === spelling
      ? `\`${spelling}\` is given twice; keep one.`
      : `\`${repeated.spelling}\` and \`${spelling}\` are the same option; keep one.`,
  );
}

function unknownOption(name: string): BadInputError {
  const meant = suggest(name, OPTION_SPELLINGS);
  const advice = meant === undefined ? '`/help imagine` lists them all.' : `did you mean \`${meant}\`?`;
  return new BadInputError('unknown_option', `\`${abridge(name)}\` is not an option; ${advice}`);
}

function readValues(given: GivenOptions, engine: EngineDescription) {
  const one = <Value>(name: ImagineOptionName, read: Reader<Value>) => readOne(name, given.get(name) ?? [], read);
  const models = engine.models.map((model) => model.id);
  return {
    prompt: one('prompt', readText),
    negative: one('negative', readText),
    ar: one('ar', (_, raw) => String(raw)),
    size: one('size', (_, raw) => String(raw)),
    width: one('width', readSide),
    height: one('height', readSide),
    seed: one('seed', readNumber),
    steps: one('steps', readNumber),
    guidance: one('guidance', readNumber),
    sampler: one('sampler', (_, raw) => samplerOfAlias(String(raw)) ?? readChoice('sampler', raw, SAMPLER_NAMES)),
    count: one('count', readNumber),
    strength: one('strength', readNumber),
    clipSkip: one('clip-skip', readNumber),
    guidanceRescale: one('rescale', readNumber),
    syntax: one('syntax', (_, raw) => readChoice('prompt syntax', raw, PROMPT_SYNTAXES)),
    noiseDevice: one('noise', (_, raw) => readChoice('source of noise', raw, NOISE_DEVICES)),
    seedSize: one('seed-size', (_, raw) => readSize('Seed size', String(raw))),
    model: one('model', (_, raw) => readChoice('model here', raw, models)),
  };
}

/** The one value that all places agree on. */
function readOne<Value>(name: ImagineOptionName, given: readonly Given[], read: Reader<Value>): Value | undefined {
  const values = given.map(({ raw, spelling }) => ({ value: read(optionNamed(name), raw), spelling }));
  const [first] = values;
  const other = values.find(({ value }) => value !== first?.value);
  if (first !== undefined && other !== undefined) throw disagreement(name, first.spelling, other.spelling);
  return first?.value;
}

function disagreement(name: ImagineOptionName, first: string, second: string): BadInputError {
  return new BadInputError(
    'disagreement',
    `Two values are given for the ${name}, in ${quote(first)} and in ${quote(second)}; keep one.`,
  );
}

function quote(spelling: string): string {
  return spelling.startsWith('--') ? `\`${spelling}\`` : spelling;
}

function findModel(engine: EngineDescription, id: string): ModelDescription {
  const model = engine.models.find((candidate) => candidate.id === id);
  if (model === undefined)
    throw new BadInputError('unknown_choice', `The model \`${abridge(id)}\` is not here any more.`);
  return model;
}
