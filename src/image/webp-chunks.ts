/** The chunks of a WebP: RFC 9649, section 2. */

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** Of a still picture there are a handful. */
const MAX_CHUNKS = 1000;

export interface WebpChunk {
  /** Four letters, such as `VP8X`. */
  readonly type: string;
  readonly data: Buffer;
}

/** In order; the last may be cut short. @throws RangeError when it is no WebP */
export function readChunks(webp: Uint8Array): WebpChunk[] {
  const bytes = Buffer.from(webp.buffer, webp.byteOffset, webp.byteLength);
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP') {
    throw new RangeError('not a WebP');
  }
  const chunks: WebpChunk[] = [];
  let at = RIFF_HEADER_BYTES;
  while (at + CHUNK_HEADER_BYTES <= bytes.length && chunks.length < MAX_CHUNKS) {
    const length = bytes.readUInt32LE(at + 4);
    const start = at + CHUNK_HEADER_BYTES;
    chunks.push({ type: bytes.toString('latin1', at, at + 4), data: bytes.subarray(start, start + length) });
    at = start + length + (length % 2);
  }
  return chunks;
}

/** A WebP of these chunks. Chunks of an odd length are followed by a byte that does not count. */
export function writeChunks(chunks: readonly WebpChunk[]): Uint8Array {
  const body = Buffer.concat(chunks.map(encodeChunk));
  const header = Buffer.alloc(RIFF_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(body.length + 4, 4);
  header.write('WEBP', 8, 'latin1');
  return new Uint8Array(Buffer.concat([header, body]));
}

function encodeChunk({ type, data }: WebpChunk): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  header.write(type, 0, 'latin1');
  header.writeUInt32LE(data.length, 4);
  return Buffer.concat([header, data, Buffer.alloc(data.length % 2)]);
}
