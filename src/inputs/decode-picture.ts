import sharp, { type Sharp } from 'sharp';
import { BadInputError } from '../errors.ts';

/** A person's picture, whole and harmless: PNG with alpha, upright, in sRGB, no side longer than `MAX_KEPT_SIDE`. */
export interface DecodedPicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const FORMATS = ['png', 'jpeg', 'webp', 'gif', 'avif', 'heif', 'tiff'];
/** 50 megapixels: cameras' pictures, no bombs. */
const MAX_PIXELS = 50_000_000;
/** For one picture; the largest take two on an idle core. */
const MAX_SECONDS = 30;
/** Pixels; the largest side that can be asked for. */
const MAX_KEPT_SIDE = 2048;

/**
 * @param maxSeconds whole ones: what takes longer is given up
 * @throws BadInputError when the bytes are not one still picture of a sensible size
 */
export async function decodePicture(bytes: Uint8Array, maxSeconds = MAX_SECONDS): Promise<DecodedPicture> {
  const { format, pages, width, height } = await readHead(bytes);
  if (!FORMATS.includes(format)) throw notAPicture();
  if (pages > 1) throw new BadInputError('animated', 'The picture is animated; give a single frame of it.');
  if (width * height > MAX_PIXELS) {
    const megapixels = Math.round((width * height) / 1e6);
    throw new BadInputError(
      'picture_too_large',
      `The picture has ${megapixels} megapixels, and ${MAX_PIXELS / 1e6} is the most; give a smaller one.`,
    );
  }
  try {
    const whole = open(bytes)
      .timeout({ seconds: maxSeconds })
      .rotate()
      .toColourspace('srgb')
      .ensureAlpha()
      .resize(MAX_KEPT_SIDE, MAX_KEPT_SIDE, { fit: 'inside', withoutEnlargement: true });
    const { data, info } = await whole.png().toBuffer({ resolveWithObject: true });
    return { png: new Uint8Array(data), width: info.width, height: info.height };
  } catch (error) {
    if (error instanceof Error && /^timeout/i.test(error.message)) {
      throw new BadInputError('picture_too_large', 'The picture takes too long to read; give a smaller one.');
    }
    throw new BadInputError('damaged_picture', 'The picture is damaged: it cannot be read to its end; send it again.');
  }
}

async function readHead(bytes: Uint8Array) {
  try {
    const { format, pages = 1, width, height } = await open(bytes).metadata();
    return { format: format ?? '', pages, width: width ?? 0, height: height ?? 0 };
  } catch (error) {
    if (error instanceof Error && /pixel limit/i.test(error.message)) {
      throw new BadInputError('picture_too_large', 'The picture has too many pixels; give a smaller one.');
    }
    throw notAPicture();
  }
}

function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: MAX_PIXELS * 4, failOn: 'error', animated: false });
}

function notAPicture(): BadInputError {
  return new BadInputError('not_a_picture', 'That is not a picture Easel can read; give a PNG, JPEG or WebP.');
}
