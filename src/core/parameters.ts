import {
  type Enlargement,
  enlargementOf,
  type GenerationSpec,
  type PictureRecipe,
  SPEC_LIMITS,
  specOf,
  UPSCALE_MODES,
  type UpscaleMode,
  type Variation,
} from '../../engine/index.ts';
import { readFields, writeFields } from './parameter-fields.ts';
import { rarerFields, readRarer } from './rarer-fields.ts';
import { samplerLabel, samplerOfAlias } from './samplers.ts';

/*
 * The `parameters` text of AUTOMATIC1111 (modules/processing.py, create_infotext; modules/infotext_utils.py, parse):
 *
 *   prompt, on as many lines as it has
 *   Negative prompt: …                  only when there is one
 *   Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1, Size: 512x512, Model: …
 *
 * A grid has its number of pictures (Batch size). One variation and one enlargement have keys of its own (Variation seed,
 * Hires upscale). What it has no word for stands in further keys, which its readers skip: so does that the enlargement
 * was asked for later, of the finished picture.
 */

export interface ParsedParameters {
  /** Its `model` is the title, as written: an id is known only to the one who wrote it. */
  readonly recipe: PictureRecipe;
  readonly modelTitle: string;
}

/** As AUTOMATIC1111 names them. */
const UPSCALERS: Readonly<Record<UpscaleMode, string>> = {
  bilinear: 'Latent',
  nearest: 'Latent (nearest)',
  bicubic: 'Latent (bicubic)',
  lanczos: 'Lanczos',
};

const NEGATIVE = 'Negative prompt:';
const LATER = 'Enlarged later';
/** A1111 takes the last line for fields only from this many on; else it belongs to the prompt. */
const MIN_FIELDS = 3;

export function formatParameters(recipe: PictureRecipe, modelTitle: string): string {
  const spec = specOf(recipe);
  const plain = joinText(spec, fieldsOf(recipe, modelTitle));
  const { prompt, negative } = splitText(plain);
  if (prompt === spec.prompt && negative === spec.negative) return plain;
  // A line of the prompt that itself begins with "Negative prompt:", spaces at its ends, line breaks of other systems.
  const exact = [
    ['Exact prompt', spec.prompt],
    ['Exact negative prompt', spec.negative],
  ] as const;
  return joinText(spec, [...fieldsOf(recipe, modelTitle), ...exact]);
}

/** Undefined when the text does not say how to make the picture again: a field is missing, or names what Easel lacks. */
export function parseParameters(text: string): ParsedParameters | undefined {
  const { prompt, negative, fields } = splitText(text);
  const [, width, height] = /^(\d+)x(\d+)$/.exec(fields.get('Size') ?? '') ?? [];
  const sampler = samplerOfAlias(fields.get('Sampler') ?? '', fields.get('Schedule type'));
  const modelTitle = fields.get('Model') ?? '';
  const [steps, guidance, seed] = ['Steps', 'CFG scale', 'Seed'].map((key) => toNumber(fields.get(key)));
  // The key that A1111's CFG rescale extension writes.
  const guidanceRescale = toNumber(fields.get('CFG Rescale phi')) ?? 0;
  const variations = readVariations(fields);
  const enlargements = readEnlargements(fields);
  if (steps === undefined || guidance === undefined || seed === undefined || sampler === undefined) return undefined;
  if (width === undefined || height === undefined || variations === undefined || enlargements === undefined)
    return undefined;
  const [hires, later] = fields.has(LATER) ? [undefined, enlargements] : [enlargements[0], enlargements.slice(1)];
  const spec: GenerationSpec = {
    prompt: fields.get('Exact prompt') ?? prompt,
    negative: fields.get('Exact negative prompt') ?? negative,
    width: Number(width),
    height: Number(height),
    steps,
    guidance,
    ...(guidanceRescale === 0 ? {} : { guidanceRescale }),
    ...readRarer(fields),
    sampler,
    model: modelTitle,
    seed,
    count: readCount(fields),
    variations,
    ...(hires !== undefined && { hires }),
  };
  const root: PictureRecipe = { kind: 'generate', spec };
  const recipe = later.reduce<PictureRecipe>((source, by) => ({ kind: 'upscale', source, ...by }), root);
  return { recipe, modelTitle };
}

function fieldsOf(recipe: PictureRecipe, modelTitle: string): (readonly [string, string])[] {
  const spec = specOf(recipe);
  const [variation, ...variations] = spec.variations;
  const [enlargement, ...enlargements] = enlargementsOf(recipe);
  const fields: (readonly [string, string])[] = [
    ['Steps', String(spec.steps)],
    ['Sampler', samplerLabel(spec.sampler)],
    ['CFG scale', String(spec.guidance)],
    ['Seed', String(spec.seed)],
    ['Size', `${spec.width}x${spec.height}`],
    ['Model', modelTitle],
  ];
  // Of a grid, whose seed is that of its first picture.
  if (spec.count > 1) fields.push(['Batch size', String(spec.count)]);
  if (spec.guidanceRescale !== undefined) fields.push(['CFG Rescale phi', String(spec.guidanceRescale)]);
  fields.push(...rarerFields(spec));
  if (variation !== undefined) {
    fields.push(['Variation seed', String(variation.seed)], ['Variation seed strength', String(variation.strength)]);
  }
  if (enlargement !== undefined) {
    fields.push(['Denoising strength', String(enlargement.strength)]);
    fields.push(
      ['Hires upscale', String(enlargement.factor)],
      ['Hires upscaler', UPSCALERS[enlargement.mode ?? 'bilinear']],
    );
    if (spec.hires === undefined) fields.push([LATER, 'yes']);
  }
  if (variations.length > 0)
    fields.push(['Further variations', writePairs(variations.map((v) => [v.seed, v.strength]))]);
  if (enlargements.length > 0) {
    fields.push(['Further upscales', writePairs(enlargements.map((by) => [by.factor, by.strength]))]);
    fields.push(['Further upscalers', enlargements.map(({ mode = 'bilinear' }) => UPSCALERS[mode]).join(', ')]);
  }
  return fields;
}

/** From the root outwards: the order in which they were made. */
function enlargementsOf(recipe: PictureRecipe): Enlargement[] {
  const earlier = recipe.kind === 'generate' ? [] : enlargementsOf(recipe.source);
  const own = enlargementOf(recipe);
  return own === undefined ? earlier : [...earlier, own];
}

function joinText(spec: GenerationSpec, fields: readonly (readonly [string, string])[]): string {
  const negative = spec.negative === '' ? '' : `\n${NEGATIVE} ${spec.negative}`;
  return `${spec.prompt}${negative}\n${writeFields(fields)}`.trim();
}

function splitText(text: string): { prompt: string; negative: string; fields: ReadonlyMap<string, string> } {
  const lines = text.trim().split('\n');
  const found = readFields(lines.at(-1) ?? '');
  const fields = found.size >= MIN_FIELDS ? found : new Map<string, string>();
  const texts = fields.size > 0 ? lines.slice(0, -1) : lines;
  const start = texts.findIndex((line) => line.trim().startsWith(NEGATIVE));
  const negativeLines = start === -1 ? [] : texts.slice(start);
  return {
    prompt: (start === -1 ? texts : texts.slice(0, start)).map((line) => line.trim()).join('\n'),
    negative: negativeLines
      .map((line) => line.trim())
      .join('\n')
      .slice(NEGATIVE.length)
      .trim(),
    fields,
  };
}

/** A1111 writes the size of the batch with each of its pictures, and then also which of them it is. */
function readCount(fields: ReadonlyMap<string, string>): number {
  const count = toNumber(fields.get('Batch size')) ?? 1;
  const isGrid = Number.isInteger(count) && count >= 1 && count <= SPEC_LIMITS.maxCount && !fields.has('Batch pos');
  return isGrid ? count : 1;
}

function readVariations(fields: ReadonlyMap<string, string>): Variation[] | undefined {
  const first = readPair(fields, 'Variation seed', 'Variation seed strength');
  const further = readPairs(fields.get('Further variations'));
  return first && further && [...first, ...further].map(([seed, strength]) => ({ seed, strength }));
}

function readEnlargements(fields: ReadonlyMap<string, string>): Enlargement[] | undefined {
  const first = readPair(fields, 'Hires upscale', 'Denoising strength');
  const further = readPairs(fields.get('Further upscales'));
  const names = `${fields.get('Hires upscaler') ?? ''}, ${fields.get('Further upscalers') ?? ''}`.split(', ');
  return (
    first &&
    further &&
    [...first, ...further].map(([factor, strength], i) => ({ factor, strength, ...modeOf(names[i]) }))
  );
}

/** Bilinear is what an enlargement is that names nothing else, also an upscaler that Easel lacks. */
function modeOf(upscaler: string | undefined): Pick<Enlargement, 'mode'> {
  const mode = UPSCALE_MODES.find((known) => UPSCALERS[known] === upscaler);
  return mode === undefined || mode === 'bilinear' ? {} : { mode };
}

type Pair = readonly [number, number];

function writePairs(pairs: readonly Pair[]): string {
  return pairs.map(([first, second]) => `${first}:${second}`).join(', ');
}

function readPairs(text: string | undefined): Pair[] | undefined {
  if (text === undefined) return [];
  const pairs = text.split(', ').map((pair) => pair.split(':').map(toNumber));
  return pairs.every((pair): pair is [number, number] => pair.length === 2 && !pair.includes(undefined))
    ? pairs
    : undefined;
}

/** One pair, or none when its first key is absent; undefined when only half of it can be read. */
function readPair(fields: ReadonlyMap<string, string>, firstKey: string, secondKey: string): Pair[] | undefined {
  if (!fields.has(firstKey)) return [];
  const [first, second] = [toNumber(fields.get(firstKey)), toNumber(fields.get(secondKey))];
  return first === undefined || second === undefined ? undefined : [[first, second]];
}

function toNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
