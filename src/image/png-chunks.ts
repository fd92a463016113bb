import { crc32 } from './crc32.ts';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Length, type and CRC around a chunk's data. */
const FRAME_BYTES = 12;
/** Encoders write chunks of 4 KiB and more; a file of 32 MiB with more chunks than this is made to be slow. */
const MAX_CHUNKS = 20_000;

export interface PngChunk {
  /** Four letters, such as `IDAT`. */
  readonly type: string;
  readonly data: Uint8Array;
  /** Of the whole chunk in the file, frame included. */
  readonly start: number;
  readonly end: number;
}

/** The chunks in order, up to IEND or to the first thing that is not a whole chunk. Nothing for what is no PNG. */
export function* readChunks(png: Uint8Array): Generator<PngChunk> {
  if (!SIGNATURE.every((byte, index) => png[index] === byte)) return;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  let start = SIGNATURE.length;
  for (let count = 0; count < MAX_CHUNKS && start + FRAME_BYTES <= png.length; count++) {
    const length = view.getUint32(start);
    const end = start + FRAME_BYTES + length;
    if (end > png.length) return;
    const type = latin1(png.subarray(start + 4, start + 8));
    yield { type, data: png.subarray(start + 8, end - 4), start, end };
    if (type === 'IEND') return;
    start = end;
  }
}

/** True when the chunk's bytes are those that were written. */
export function hasGoodCrc(png: Uint8Array, chunk: PngChunk): boolean {
  const stored = new DataView(png.buffer, png.byteOffset, png.byteLength).getUint32(chunk.end - 4);
  return stored === crc32(png.subarray(chunk.start + 4, chunk.end - 4));
}

export function encodeChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(FRAME_BYTES + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(Buffer.from(type, 'latin1'), 4);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  return chunk;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
