import { BadInputError } from '../core/errors.ts';
import { type Format, formatOf, otherFormatOf } from '../image/format.ts';
import { readSegments } from '../image/jpeg-segments.ts';
import { readChunks as readPngChunks } from '../image/png-chunks.ts';
import { readChunks as readWebpChunks } from '../image/webp-chunks.ts';

/** What a picture's file says before its pixels. */
export interface PictureHeader {
  readonly format: Format;
  /** Pixels, as the file holds them: Exif may turn them. */
  readonly width: number;
  readonly height: number;
}

type Size = Pick<PictureHeader, 'width' | 'height'>;

/** 50 megapixels: cameras' pictures, no bombs. */
export const MAX_PIXELS = 50_000_000;
/** Of WebP; a camera's panorama is smaller, and a longer strip costs more than its pixels. */
const MAX_SIDE = 16_384;
/** Bit 1 of the flags of an extended WebP. */
const IS_ANIMATED = 0x02;
const VP8_START_CODE = 0x9d012a;
const VP8L_SIGNATURE = 0x2f;
/** Starts of frames; of these markers three mean something else. */
const isStartOfFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/**
 * Reads a picture's header, without a decoder and in bounded time.
 * @throws BadInputError unless the bytes are a PNG, JPEG or WebP, still, of at most `MAX_PIXELS` and `MAX_SIDE`
 */
export function readHeader(bytes: Uint8Array): PictureHeader {
  const format = formatOf(bytes);
  if (format === undefined) throw notAPicture(bytes);
  const size = SIZES[format](bytes);
  if (size === undefined || size.width === 0 || size.height === 0) throw damaged();
  const { width, height } = size;
  if (width * height > MAX_PIXELS) {
    const megapixels = Math.round((width * height) / 1e6);
    throw pictureTooLarge(`has ${megapixels} megapixels, but the limit is ${MAX_PIXELS / 1e6}`);
  }
  const side = Math.max(width, height);
  if (side > MAX_SIDE) throw pictureTooLarge(`has a side of ${side} pixels, but the limit is ${MAX_SIDE}`);
  return { format, width, height };
}

/** @param what after "The picture" */
export function pictureTooLarge(what: string): BadInputError {
  return new BadInputError('picture_too_large', `The picture ${what}; give a smaller one.`);
}

export function damaged(): BadInputError {
  return new BadInputError('damaged_picture', 'The picture file is damaged or incomplete; send it again.');
}

function notAPicture(bytes: Uint8Array): BadInputError {
  const other = otherFormatOf(bytes);
  const sentence =
    bytes.length === 0
      ? 'The picture file is empty; send it again.'
      : other === undefined
        ? 'Easel cannot read this file as a picture; give a PNG, JPEG or WebP.'
        : `Easel does not read ${other}; give a PNG, JPEG or WebP.`;
  return new BadInputError('not_a_picture', sentence);
}

function refuseAnimated(isAnimated: boolean): void {
  if (isAnimated) throw new BadInputError('animated', 'The picture is animated; give a single frame.');
}

/** Each is undefined where the header is damaged. */
const SIZES: Readonly<Record<Format, (bytes: Uint8Array) => Size | undefined>> = {
  png(bytes) {
    let size: Size | undefined;
    for (const { type, data } of readPngChunks(bytes)) {
      if (type === 'IHDR' && size === undefined && data.length === 13) {
        const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
        size = { width: view.getUint32(0), height: view.getUint32(4) };
      }
      if (type === 'IDAT') break;
      refuseAnimated(type === 'acTL');
    }
    return size;
  },

  jpeg(bytes) {
    for (const { marker, data } of readSegments(bytes)) {
      if (!isStartOfFrame(marker)) continue;
      return data.length < 5 ? undefined : { width: data.readUInt16BE(3), height: data.readUInt16BE(1) };
    }
    return undefined;
  },

  webp(bytes) {
    const chunks = readWebpChunks(bytes);
    const extended = chunks.find(({ type }) => type === 'VP8X')?.data;
    refuseAnimated(((extended?.[0] ?? 0) & IS_ANIMATED) !== 0 || chunks.some(({ type }) => type === 'ANMF'));
    for (const { type, data } of chunks) {
      if (type === 'VP8X' && data.length >= 10)
        return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
      if (type === 'VP8 ' && data.length >= 10 && data.readUIntBE(3, 3) === VP8_START_CODE) {
        return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
      }
      if (type === 'VP8L' && data.length >= 5 && data[0] === VP8L_SIGNATURE) {
        const sides = data.readUInt32LE(1);
        return { width: (sides & 0x3fff) + 1, height: ((sides >>> 14) & 0x3fff) + 1 };
      }
    }
    return undefined;
  },
};
