/** The segments of a JPEG before its first scan: ITU-T T.81, annex B. */

/** Bytes of a segment, its length included: JPEG counts them in 16 bits. */
const MAX_SEGMENT_BYTES = 0xffff;
/** Cameras write a few dozen; a file with more is made to be slow. */
const MAX_SEGMENTS = 1000;
const START = 0xffd8;
const APP1 = 0xe1;
const START_OF_SCAN = 0xda;
const SIGNATURE = Buffer.from('Exif\0\0', 'latin1');

export interface JpegSegment {
  /** The second byte of its marker. */
  readonly marker: number;
  readonly data: Buffer;
  /** Where the file goes on after it. */
  readonly end: number;
}

/** In order, up to the first scan or the first thing that is no whole segment. Nothing for what is no JPEG. */
export function* readSegments(jpeg: Uint8Array): Generator<JpegSegment> {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== START) return;
  let at = 2;
  for (let count = 0; count < MAX_SEGMENTS && at + 4 <= bytes.length; count++) {
    if (bytes[at] !== 0xff) return;
    const marker = bytes[at + 1] ?? 0;
    // A marker may be filled up with bytes of ones.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (marker === START_OF_SCAN || end > bytes.length || end < at + 4) return;
    yield { marker, data: bytes.subarray(at + 4, end), end };
    at = end;
  }
}

/** With its `Exif\0\0`; undefined when there is none. */
export function readJpegExif(jpeg: Uint8Array): Uint8Array | undefined {
  for (const { marker, data } of readSegments(jpeg)) {
    if (marker === APP1 && data.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return data;
  }
  return undefined;
}

/**
 * The same JPEG with this Exif, as its first segment; as it was when the Exif is too long for one.
 * @throws RangeError when it is no JPEG
 */
export function writeJpegExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== START) throw new RangeError('not a JPEG');
  const length = 2 + SIGNATURE.length + exif.length;
  if (length > MAX_SEGMENT_BYTES) return jpeg;
  const header = Buffer.from([0xff, APP1, 0, 0]);
  header.writeUInt16BE(length, 2);
  return new Uint8Array(Buffer.concat([bytes.subarray(0, 2), header, SIGNATURE, exif, bytes.subarray(2)]));
}
