import type { InitPicture } from '../../engine/index.ts';
import { type Sharp, sharp } from '../image/sharp.ts';

/** Below this, a pixel of a picture is a hole in it. */
const OPAQUE = 128;

/**
 * A kept picture as the engine takes it: cut to the shape asked for around its middle, at that size, with a mask of what
 * is to be drawn again: the mask's white, or else the picture's transparent parts, if it has any.
 * @param png as `decodePicture` gives it
 */
export async function fitPicture(
  png: Uint8Array,
  maskPng: Uint8Array | undefined,
  width: number,
  height: number,
): Promise<InitPicture> {
  const rgba = await cover(sharp(png), width, height).ensureAlpha().raw().toBuffer();
  const rgb = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i += 1) {
    rgb.set(rgba.subarray(i * 4, i * 4 + 3), i * 3);
    alpha[i] = rgba[i * 4 + 3] ?? 255;
  }
  const mask = maskPng === undefined ? holesOf(alpha) : await readMask(maskPng, width, height);
  return { width, height, rgb, ...(mask !== undefined && { mask }) };
}

function holesOf(alpha: Uint8Array): Uint8Array | undefined {
  if (alpha.every((value) => value >= OPAQUE)) return undefined;
  return alpha.map((value) => 255 - value);
}

/** What is transparent in a mask is black. */
async function readMask(png: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const flat = cover(sharp(png).flatten({ background: 'black' }), width, height).greyscale();
  return new Uint8Array(await flat.toColourspace('b-w').raw().toBuffer());
}

function cover(picture: Sharp, width: number, height: number): Sharp {
  return picture.resize(width, height, { fit: 'cover', kernel: 'lanczos3' });
}
