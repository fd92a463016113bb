import {
  type GenerationSpec,
  type PictureRecipe,
  type Seed,
  specOf,
  type UpscaleSettings,
  upscaleOf,
} from '../../engine/index.ts';
import { upscalerName } from './hires-fields.ts';
import { optionalFields } from './optional-fields.ts';
import { writeFields } from './parameter-fields.ts';
import { samplerLabel } from './samplers.ts';
import { NEGATIVE, splitText } from './settings-line.ts';

/*
 * The `parameters` text of AUTOMATIC1111 (modules/processing.py, create_infotext; modules/infotext_utils.py, parse):
 *
 *   prompt, on as many lines as it has
 *   Negative prompt: …                  only when there is one
 *   Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1, Size: 512x512, Model: …
 *
 * A grid has its number of pictures (Batch size). One variation and one enlargement have keys of its own (Variation seed,
 * Hires upscale). What it has no word for stands in further keys, which its readers skip: so does that the enlargement
 * was asked for later, of the finished picture. `parse-parameters.ts` reads it.
 */

/** Says that the enlargement was asked for later, of the finished picture. */
export const LATER = 'Enlarged later';

/**
 * The recipe as AUTOMATIC1111 writes it into the `parameters` text of a PNG.
 * @param modelTitle for its `Model` field
 * @param precision for its `Precision` field; absent for float32 and float16
 */
export function formatParameters(recipe: PictureRecipe, modelTitle: string, precision?: string): string {
  const spec = specOf(recipe);
  const fields = fieldsOf(recipe, modelTitle, precision);
  const plain = joinText(spec, fields);
  const { prompt, negative } = splitText(plain);
  if (prompt === spec.prompt && negative === spec.negative) return plain;
  // A line of the prompt that itself begins with "Negative prompt:", spaces at its ends, line breaks of other systems.
  const exact = [
    ['Exact prompt', spec.prompt],
    ['Exact negative prompt', spec.negative],
  ] as const;
  return joinText(spec, [...fields, ...exact]);
}

function fieldsOf(
  recipe: PictureRecipe,
  modelTitle: string,
  precision: string | undefined,
): (readonly [string, string])[] {
  const spec = specOf(recipe);
  const [variation, ...variations] = spec.variations;
  const [upscale, ...upscales] = upscalesOf(recipe);
  const fields: (readonly [string, string])[] = [
    ['Steps', String(spec.steps)],
    ['Sampler', samplerLabel(spec.sampler)],
    ['CFG scale', String(spec.guidance)],
    ['Seed', String(spec.seed)],
    ['Size', `${spec.width}x${spec.height}`],
    ['Model', modelTitle],
  ];
  if (precision !== undefined) fields.push(['Precision', precision]);
  // Of a grid, whose seed is that of its first picture.
  if (spec.count > 1) fields.push(['Batch size', String(spec.count)]);
  if (spec.guidanceRescale !== undefined) fields.push(['CFG Rescale phi', String(spec.guidanceRescale)]);
  fields.push(...optionalFields(spec));
  if (variation !== undefined) {
    fields.push(['Variation seed', String(variation.seed)], ['Variation seed strength', String(variation.strength)]);
  }
  if (upscale !== undefined) {
    fields.push(['Denoising strength', String(upscale.strength)]);
    fields.push(['Hires upscale', String(upscale.factor)], ['Hires upscaler', upscalerName(upscale)]);
    if (spec.hires === undefined) fields.push([LATER, 'yes']);
  }
  if (variations.length > 0)
    fields.push(['Further variations', writePairs(variations.map((v) => [v.seed, v.strength]))]);
  if (upscales.length > 0) {
    fields.push(['Further upscales', writePairs(upscales.map((by) => [by.factor, by.strength]))]);
    fields.push(['Further upscalers', upscales.map(upscalerName).join(', ')]);
  }
  return fields;
}

/** From the root outwards: the order in which they were made. */
function upscalesOf(recipe: PictureRecipe): UpscaleSettings[] {
  const earlier = recipe.kind === 'generate' ? [] : upscalesOf(recipe.source);
  const own = upscaleOf(recipe);
  return own === undefined ? earlier : [...earlier, own];
}

function joinText(spec: GenerationSpec, fields: readonly (readonly [string, string])[]): string {
  const negative = spec.negative === '' ? '' : `\n${NEGATIVE} ${spec.negative}`;
  return `${spec.prompt}${negative}\n${writeFields(fields)}`.trim();
}

type Pair = readonly [Seed, number];

function writePairs(pairs: readonly Pair[]): string {
  return pairs.map(([first, second]) => `${first}:${second}`).join(', ');
}
