import type { RgbImage } from '../../engine/index.ts';
import { encodeExifComment } from './exif-comment.ts';
import { writeJpegExif } from './jpeg-segments.ts';
import { writeParameters } from './png-text.ts';
import { type Sharp, sharp } from './sharp.ts';
import { writeExif } from './webp-exif.ts';

/** A grid of four pictures of the largest size, and some. */
const MAX_DECODED_PIXELS = 5000 * 5000;

/** @param parameters the text for the PNG's `parameters` chunk; see `formatParameters`. @throws RangeError on a NUL in it */
export async function encodePng(image: RgbImage, parameters?: string): Promise<Uint8Array> {
  const png = new Uint8Array(await fromRgb(image).png().toBuffer());
  return parameters === undefined ? png : writeParameters(png, parameters);
}

/** @throws Error from sharp when the bytes are no picture or larger than `MAX_DECODED_PIXELS` */
export async function decodePng(png: Uint8Array): Promise<RgbImage> {
  const pixels = sharp(png, { limitInputPixels: MAX_DECODED_PIXELS }).removeAlpha().toColourspace('srgb');
  const { data, info } = await pixels.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: new Uint8Array(data) };
}

/** For where a PNG is too large to send. @param quality 1–100 @param parameters as for PNG, here the Exif comment */
export async function encodeWebp(image: RgbImage, quality = 90, parameters?: string): Promise<Uint8Array> {
  const webp = new Uint8Array(await fromRgb(image).webp({ quality }).toBuffer());
  return parameters === undefined ? webp : writeExif(webp, encodeExifComment(parameters), image);
}

/** Where WebP is not shown either. @param quality 1–100 @param parameters as for WebP */
export async function encodeJpeg(image: RgbImage, quality = 90, parameters?: string): Promise<Uint8Array> {
  const jpeg = new Uint8Array(await fromRgb(image).jpeg({ quality }).toBuffer());
  return parameters === undefined ? jpeg : writeJpegExif(jpeg, encodeExifComment(parameters));
}

/** Stretched to `width` × `height` pixels with a cubic kernel: a preview of latents has one pixel for 64. */
export async function enlarge(image: RgbImage, width: number, height: number): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  const resized = fromRgb(image).resize(width, height, { fit: 'fill', kernel: 'cubic' });
  return { width, height, rgb: new Uint8Array(await resized.raw().toBuffer()) };
}

function fromRgb({ rgb, width, height }: RgbImage): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}
