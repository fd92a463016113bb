import { type ModelDescription, SPEC_LIMITS } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { Size } from '../../src/core/picture-size.ts';
import { MAX_JOB_PIXELS, shorten } from '../parsing/limits.ts';
import { readSide } from '../parsing/values.ts';
import { IMAGINE, type ImagineOptionName } from './imagine-options.ts';

/** `3:2`, parsed. */
export interface AspectRatio {
  /** Width by height. */
  readonly ratio: number;
  readonly typed: string;
}

/** The options that say how large a picture is. */
export interface SizeInput {
  readonly ar: AspectRatio | undefined;
  readonly size: Size | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
}

const RATIO = /^(\d{1,5}(?:\.\d{1,5})?)\s*[:/]\s*(\d{1,5}(?:\.\d{1,5})?)$/;
const SIZE = /^(\d{1,6})\s*[x×*]\s*(\d{1,6})$/i;

/**
 * One way of saying the size; sides not given are the model's own, or have the shape of the picture to begin from.
 * @throws BadInputError when two ways are mixed or the size is out of bounds
 */
export function resolveSize(input: SizeInput, model: ModelDescription, shape?: Size): Size {
  const hasSides = input.width !== undefined || input.height !== undefined;
  if (input.ar !== undefined && (input.size !== undefined || hasSides)) throw mixed('ar', input.size, hasSides);
  if (input.size !== undefined && hasSides) throw mixed('size', undefined, hasSides);
  if (input.ar !== undefined) return sizeOfAspect(input.ar, model);
  if (input.size !== undefined) return input.size;
  if (shape !== undefined && !hasSides) return sizeLike(shape, model);
  return { width: input.width ?? model.width, height: input.height ?? model.height };
}

/** How many pictures of this size one job may have. */
export function maxPictures({ width, height }: Size): number {
  return Math.floor(MAX_JOB_PIXELS / (width * height));
}

/** @throws BadInputError when the pictures of one job together are too large */
export function checkJobPixels(size: Size, count: number): void {
  const most = maxPictures(size);
  if (count <= most) return;
  if (most === 0) {
    throw new BadInputError(
      'too_many_pixels',
      `A picture of ${size.width}×${size.height} is too large for one job; try a smaller size or a smaller upscale factor.`,
    );
  }
  throw new BadInputError(
    'too_many_pixels',
    `${count} pictures of ${size.width}×${size.height} are too large for one job; try \`--count ${most}\` or a smaller size.`,
  );
}

function mixed(first: ImagineOptionName, size: Size | undefined, hasSides: boolean): BadInputError {
  const second = size !== undefined || !hasSides ? '`--size`' : '`--width` and `--height`';
  return new BadInputError('mixed_sizes', `Give either \`--${first}\` or ${second}, not both.`);
}

/** @throws BadInputError */
export function readSize(what: string, typed: string): Size {
  const [, width, height] = SIZE.exec(typed.trim()) ?? [];
  if (width === undefined || height === undefined) {
    throw new BadInputError('bad_size', `${what} must be written as width and height in pixels, such as 512x512.`);
  }
  return { width: readSide(IMAGINE.named('width'), width), height: readSide(IMAGINE.named('height'), height) };
}

/** @throws BadInputError */
export function readRatio(typed: string): AspectRatio {
  const [, wide, high] = RATIO.exec(typed.trim()) ?? [];
  const ratio = Number(wide) / Number(high);
  if (!Number.isFinite(ratio) || ratio <= 0) {
    throw new BadInputError('bad_ratio', 'Aspect ratio must be written as width:height, such as 3:2.');
  }
  return { ratio, typed };
}

/** Keeps the model's own area, for which it was trained. */
function sizeOfAspect({ ratio, typed }: AspectRatio, model: ModelDescription): Size {
  const size = sizeOfRatio(ratio, model);
  if ([size.width, size.height].every((side) => side >= SPEC_LIMITS.minSide && side <= SPEC_LIMITS.maxSide))
    return size;
  throw new BadInputError(
    'bad_ratio',
    `Aspect ratio ${shorten(typed)} is too extreme for ${model.title}; try ${ratio > 1 ? '3:2' : '2:3'}.`,
  );
}

/** The shape of a picture at the model's own area; a very long one is cut to the bounds. */
function sizeLike(shape: Size, model: ModelDescription): Size {
  const { width, height } = sizeOfRatio(shape.width / shape.height, model);
  const bounded = (side: number) => Math.min(Math.max(side, SPEC_LIMITS.minSide), SPEC_LIMITS.maxSide);
  return { width: bounded(width), height: bounded(height) };
}

/** A size times a factor, in whole latents and within the bounds. */
export function scaleSize(size: Size, factor: number): Size {
  if (factor === 1) return size;
  const { maxSide } = SPEC_LIMITS;
  return fitSide({ width: toMultiple(size.width * factor), height: toMultiple(size.height * factor) }, maxSide);
}

/** The same shape with no side longer than `maxSide`. */
export function fitSide(size: Size, maxSide: number): Size {
  const longer = Math.max(size.width, size.height);
  if (longer <= maxSide) return size;
  const { sizeMultiple, minSide } = SPEC_LIMITS;
  const fitted = (side: number) =>
    Math.max(minSide, Math.floor((side * maxSide) / longer / sizeMultiple) * sizeMultiple);
  return { width: fitted(size.width), height: fitted(size.height) };
}

/**
 * The size of this ratio whose area is nearest to the model's native one; of a model that was trained on pictures of a
 * few sizes, the nearest of those.
 */
export function sizeOfRatio(ratio: number, model: ModelDescription): Size {
  const area = model.width * model.height;
  const { sizeStep: step = SPEC_LIMITS.sizeMultiple } = model;
  return step > SPEC_LIMITS.sizeMultiple && step < Math.sqrt(area)
    ? bucketOf(ratio, area, step)
    : { width: toMultiple(Math.sqrt(area * ratio)), height: toMultiple(Math.sqrt(area / ratio)) };
}

/** The longest sides for each width that stay within the area (Podell et al. 2023, appendix I): the one of the nearest ratio. */
function bucketOf(ratio: number, area: number, step: number): Size {
  let best: Size = { width: step, height: step };
  let distance = Number.POSITIVE_INFINITY;
  for (let width = step; width * step <= area; width += step) {
    const height = Math.floor(area / width / step) * step;
    const other = Math.abs(Math.log(width / height / ratio));
    if (other < distance) [best, distance] = [{ width, height }, other];
  }
  return best;
}

function toMultiple(side: number): number {
  return Math.round(side / SPEC_LIMITS.sizeMultiple) * SPEC_LIMITS.sizeMultiple;
}
