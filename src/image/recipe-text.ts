import { decodeExifComment } from './exif-comment.ts';
import { readExif } from './picture-exif.ts';
import { readParameters } from './png-text.ts';

/**
 * What a picture's file says of how it was made: the `parameters` text of a PNG, or the Exif comment of a WebP, JPEG or
 * PNG. Undefined when it says nothing, or is no picture. Never rejects. The picture itself is not read, and each walk
 * through the file is bounded.
 */
export async function readRecipeText(bytes: Uint8Array): Promise<string | undefined> {
  const parameters = await readParameters(bytes);
  if (parameters !== undefined) return parameters;
  const exif = readExif(bytes);
  return exif === undefined ? undefined : decodeExifComment(exif);
}
