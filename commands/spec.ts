import { type EngineDescription, type GenerationSpec, type ModelDescription, SAMPLER_NAMES } from '../engine/index.ts';
import type { OptionValue } from '../src/core/request.ts';
import { BadInputError } from '../src/errors.ts';
import { parseFlags } from './flags.ts';
import { abridge } from './limits.ts';
import { findOption, type ImagineOption, type ImagineOptionName, OPTION_SPELLINGS, optionNamed } from './options.ts';
import { checkJobPixels, resolveSize } from './size.ts';
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
  randomSeed(): number;
}

interface Given {
  readonly raw: OptionValue;
  readonly spelling: string;
}
type Reader<Value> = (option: ImagineOption, raw: OptionValue) => Value;
type GivenOptions = ReadonlyMap<ImagineOptionName, readonly Given[]>;
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
  const size = resolveSize(values, model);
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
    sampler: one('sampler', (_, raw) => readChoice('sampler', raw, SAMPLER_NAMES)),
    count: one('count', readNumber),
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
