/** The extended WebP container, which alone holds metadata: RFC 9649, section 2.7. */

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const EXTENDED_BYTES = 10;
const HAS_EXIF = 0x08;
const HAS_ALPHA = 0x10;
/** Bit 4 of the fourth byte after the signature of a lossless picture. */
const LOSSLESS_ALPHA = 0x10;
const MAX_CHUNKS = 1000;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
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
  const chunks = readChunks(Buffer.from(webp.buffer, webp.byteOffset, webp.byteLength));
  const picture = chunks.filter(({ type }) => type !== 'VP8X' && type !== 'EXIF');
  const body = Buffer.concat(
    [extended(chunks, size), ...picture, { type: 'EXIF', data: Buffer.from(exif) }].map(encodeChunk),
  );
  const header = Buffer.alloc(RIFF_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(body.length + 4, 4);
  header.write('WEBP', 8, 'latin1');
  return new Uint8Array(Buffer.concat([header, body]));
}

function extended(chunks: readonly Chunk[], { width, height }: { width: number; height: number }): Chunk {
  const earlier = chunks.find(({ type }) => type === 'VP8X')?.data;
  const data = Buffer.alloc(EXTENDED_BYTES);
  data[0] = (earlier?.[0] ?? alphaOf(chunks)) | HAS_EXIF;
  data.writeUIntLE(width - 1, 4, 3);
  data.writeUIntLE(height - 1, 7, 3);
  return { type: 'VP8X', data };
}

function alphaOf(chunks: readonly Chunk[]): number {
  const lossless = chunks.find(({ type }) => type === 'VP8L')?.data;
  return ((lossless?.[4] ?? 0) & LOSSLESS_ALPHA) === 0 ? 0 : HAS_ALPHA;
}

function readChunks(webp: Buffer): Chunk[] {
  if (webp.toString('latin1', 0, 4) !== 'RIFF' || webp.toString('latin1', 8, 12) !== 'WEBP') {
    throw new RangeError('not a WebP');
  }
  const chunks: Chunk[] = [];
  let at = RIFF_HEADER_BYTES;
  while (at + CHUNK_HEADER_BYTES <= webp.length && chunks.length < MAX_CHUNKS) {
    const length = webp.readUInt32LE(at + 4);
    const start = at + CHUNK_HEADER_BYTES;
    chunks.push({ type: webp.toString('latin1', at, at + 4), data: webp.subarray(start, start + length) });
    at = start + length + (length % 2);
  }
  return chunks;
}

/** Chunks of an odd length are followed by a byte that does not count. */
function encodeChunk({ type, data }: Chunk): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  header.write(type, 0, 'latin1');
  header.writeUInt32LE(data.length, 4);
  return Buffer.concat([header, data, Buffer.alloc(data.length % 2)]);
}
