import {
  type GenerationSpec,
  type PictureRecipe,
  parseSeed,
  type SamplerName,
  type Seed,
  SPEC_LIMITS,
  type UpscaleSettings,
  type Variation,
} from '../../engine/index.ts';
import { civitaiModel, droppedNotes } from './dropped-fields.ts';
import { readHires, readUpscaler } from './hires-fields.ts';
import { noiseSourceOf } from './noise-source.ts';
import { readOptionalFields } from './optional-fields.ts';
import { LATER } from './parameters.ts';
import { samplerLabel, samplerOfRecipe } from './samplers.ts';
import { splitText } from './settings-line.ts';
import { truncate } from './truncate.ts';

export interface ParsedParameters {
  /** Its `model` is the title, as written: an id is known only to the one who wrote it. "" where the file names none. */
  readonly recipe: PictureRecipe;
  /** Undefined where the file names no model. */
  readonly modelTitle: string | undefined;
  /** What is other than the file says, or was left out of it, a sentence each. */
  readonly notes: readonly string[];
}

/** What a picture is drawn with where its file says nothing that can be read. */
export interface Fallback {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidance: number;
  readonly sampler: SamplerName;
  chooseSeed(): Seed;
}

const GENERAL: Fallback = {
  ...{ width: 512, height: 512, steps: 20, guidance: 7, sampler: 'euler_a' },
  chooseSeed: () => 0,
};
/** Characters of a value that a sentence repeats. */
const MAX_QUOTED = 40;

type Fields = ReadonlyMap<string, string>;

/**
 * Reads what `formatParameters` or another program wrote, with a note for all that cannot be repeated. Undefined when the
 * text does not say how a picture was made: when it has no settings line.
 * @param fallbackOf what counts instead of what is missing, by the model that the file names
 */
export function parseParameters(
  text: string,
  fallbackOf: (modelTitle: string | undefined) => Fallback = () => GENERAL,
): ParsedParameters | undefined {
  const { prompt, negative, fields, rest } = splitText(text);
  if (fields.size === 0) return undefined;
  const modelTitle = fields.get('Model') ?? civitaiModel(fields);
  const notes: string[] = [];
  const reader = new FieldReader(fields, fallbackOf(modelTitle), notes);
  const size = reader.size();
  const words = fields.get('Exact prompt') ?? prompt;
  const noise = noiseSourceOf(fields);
  const spec: GenerationSpec = {
    prompt: words,
    negative: fields.get('Exact negative prompt') ?? negative,
    ...size,
    steps: reader.number('Steps', 'steps'),
    guidance: reader.number('CFG scale', 'guidance'),
    ...readRescale(fields),
    ...readOptionalFields(fields),
    ...(noise.device === 'cuda' && { noiseDevice: noise.device }),
    sampler: reader.sampler(),
    model: modelTitle ?? '',
    seed: reader.seed(),
    count: readCount(fields),
    variations: reader.variations(),
  };
  if (noise.note !== undefined) notes.push(noise.note);
  const recipe = withUpscales(spec, fields, notes);
  notes.push(...droppedNotes(fields, words));
  if (rest.length > 0) notes.push('The file has lines after its settings; they are ignored.');
  return { recipe, modelTitle, notes };
}

/** Reads fields with a note for each that is missing or says what cannot be. */
class FieldReader {
  readonly #fields: Fields;
  readonly #fallback: Fallback;
  readonly #notes: string[];

  constructor(fields: Fields, fallback: Fallback, notes: string[]) {
    this.#fields = fields;
    this.#fallback = fallback;
    this.#notes = notes;
  }

  number(key: string, name: 'steps' | 'guidance'): number {
    const value = toNumber(this.#fields.get(key));
    if (value !== undefined) return value;
    const instead = this.#fallback[name];
    this.#note(key, name, `${instead}`);
    return instead;
  }

  size(): { readonly width: number; readonly height: number } {
    const [, width, height] = /^(\d{1,6})\s*[x×]\s*(\d{1,6})$/.exec(this.#fields.get('Size')?.trim() ?? '') ?? [];
    if (width !== undefined && height !== undefined) return { width: Number(width), height: Number(height) };
    const { width: wide, height: high } = this.#fallback;
    this.#note('Size', 'size', `${wide}×${high}`);
    return { width: wide, height: high };
  }

  seed(): Seed {
    const seed = parseSeed(this.#fields.get('Seed')?.trim());
    if (seed !== undefined) return seed;
    const chosen = this.#fallback.chooseSeed();
    this.#note('Seed', 'seed', `${chosen}`);
    return chosen;
  }

  sampler(): SamplerName {
    const type = this.#fields.get('Schedule type') ?? this.#fields.get('Scheduler');
    const { sampler, notes } = samplerOfRecipe(this.#fields.get('Sampler') ?? '', type);
    this.#notes.push(...notes);
    if (sampler !== undefined) return sampler;
    this.#note('Sampler', 'sampler', samplerLabel(this.#fallback.sampler));
    return this.#fallback.sampler;
  }

  variations(): Variation[] {
    const first = this.#fields.has('Variation seed')
      ? [[this.#fields.get('Variation seed'), this.#fields.get('Variation seed strength')] as const]
      : [];
    const further = splitPairs(this.#fields.get('Further variations'));
    const read = [...first, ...further].map(([typedSeed, typedStrength]) => {
      const [seed, strength] = [parseSeed(typedSeed?.trim()), toNumber(typedStrength)];
      return seed === undefined || strength === undefined ? undefined : { seed, strength };
    });
    const variations = read.filter((variation) => variation !== undefined);
    if (variations.length < read.length)
      this.#notes.push('The file has a variation that cannot be read; it is skipped.');
    return variations;
  }

  #note(key: string, name: string, instead: string): void {
    const written = this.#fields.get(key);
    const why =
      written === undefined
        ? `The file has no ${name}`
        : `Easel cannot use the file's ${name} “${truncate(written, MAX_QUOTED)}”`;
    this.#notes.push(`${why}; ${instead} is used.`);
  }
}

/** The key that A1111's CFG rescale extension writes. */
function readRescale(fields: Fields): Pick<GenerationSpec, 'guidanceRescale'> {
  const guidanceRescale = toNumber(fields.get('CFG Rescale phi')) ?? 0;
  return guidanceRescale === 0 ? {} : { guidanceRescale };
}

/** A1111 writes the size of the batch with each of its pictures, and then also which of them it is. */
function readCount(fields: Fields): number {
  const count = toNumber(fields.get('Batch size')) ?? 1;
  const isGrid = Number.isInteger(count) && count >= 1 && count <= SPEC_LIMITS.maxCount && !fields.has('Batch pos');
  return isGrid ? count : 1;
}

/** The second pass belongs to the generation; what was enlarged later is a recipe of its own, one in the other. */
function withUpscales(spec: GenerationSpec, fields: Fields, notes: string[]): PictureRecipe {
  const { hires, notes: hiresNotes } = readHires(fields, spec);
  notes.push(...hiresNotes);
  const further = readFurther(fields, notes);
  const isLater = fields.has(LATER);
  const root: PictureRecipe = {
    kind: 'generate',
    spec: { ...spec, ...(hires !== undefined && !isLater && { hires }) },
  };
  const later = isLater && hires !== undefined ? [hires, ...further] : further;
  return later.reduce<PictureRecipe>((source, by) => ({ kind: 'upscale', source, ...by }), root);
}

function readFurther(fields: Fields, notes: string[]): UpscaleSettings[] {
  const names = (fields.get('Further upscalers') ?? '').split(', ');
  const read = splitPairs(fields.get('Further upscales')).map(([typedFactor, typedStrength], i) => {
    const [factor, strength] = [toNumber(typedFactor), toNumber(typedStrength)];
    if (factor === undefined || strength === undefined) return undefined;
    return { factor, strength, ...readUpscaler(names[i] === '' ? undefined : names[i]).choice };
  });
  const further = read.filter((by) => by !== undefined);
  if (further.length < read.length) notes.push('The file has an upscale that cannot be read; it is skipped.');
  return further;
}

function splitPairs(text: string | undefined): (readonly [string | undefined, string | undefined])[] {
  if (text === undefined) return [];
  return text.split(', ').map((pair) => {
    const [first, second, ...rest] = pair.split(':');
    return rest.length === 0 ? [first, second] : [undefined, undefined];
  });
}

function toNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
