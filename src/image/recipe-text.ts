import sharp from 'sharp';
import { decodeExifComment } from './exif-comment.ts';
import { readParameters } from './png-text.ts';

/** A picture of the largest size, and some; only its header is read. */
const MAX_PIXELS = 20_000 * 20_000;

/**
 * What a picture's file says of how it was made: the `parameters` text of a PNG, or the Exif comment of a WebP, JPEG or
 * PNG. Undefined when it says nothing, or is no picture. Never rejects.
 */
export async function readRecipeText(bytes: Uint8Array): Promise<string | undefined> {
  const parameters = readParameters(bytes);
  if (parameters !== undefined) return parameters;
  try {
    const { exif } = await sharp(bytes, { limitInputPixels: MAX_PIXELS }).metadata();
    return exif === undefined ? undefined : decodeExifComment(exif);
  } catch {
    return undefined;
  }
}
