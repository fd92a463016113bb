/** Exif in a WebP, which only the extended container holds: RFC 9649, section 2.7. */

import { readChunks, type WebpChunk, writeChunks } from './webp-chunks.ts';

const EXTENDED_BYTES = 10;
const HAS_EXIF = 0x08;
const HAS_ALPHA = 0x10;
/** Bit 4 of the fourth byte after the signature of a lossless picture. */
const LOSSLESS_ALPHA = 0x10;

/** Undefined when there is none. @throws RangeError when it is no WebP */
export function readExif(webp: Uint8Array): Uint8Array | undefined {
  return readChunks(webp).find(({ type }) => type === 'EXIF')?.data;
}

/**
 * The same WebP with this Exif; earlier Exif is dropped.
 * @param size pixels
 * @throws RangeError when it is no WebP
 */
export function writeExif(
  webp: Uint8Array,
  exif: Uint8Array,
  size: { readonly width: number; readonly height: number },
): Uint8Array {
  const chunks = readChunks(webp);
  const picture = chunks.filter(({ type }) => type !== 'VP8X' && type !== 'EXIF');
  return writeChunks([extended(chunks, size), ...picture, { type: 'EXIF', data: Buffer.from(exif) }]);
}

function extended(chunks: readonly WebpChunk[], { width, height }: { width: number; height: number }): WebpChunk {
  const earlier = chunks.find(({ type }) => type === 'VP8X')?.data;
  const data = Buffer.alloc(EXTENDED_BYTES);
  data[0] = (earlier?.[0] ?? alphaOf(chunks)) | HAS_EXIF;
  data.writeUIntLE(width - 1, 4, 3);
  data.writeUIntLE(height - 1, 7, 3);
  return { type: 'VP8X', data };
}

function alphaOf(chunks: readonly WebpChunk[]): number {
  const lossless = chunks.find(({ type }) => type === 'VP8L')?.data;
  return ((lossless?.[4] ?? 0) & LOSSLESS_ALPHA) === 0 ? 0 : HAS_ALPHA;
}
