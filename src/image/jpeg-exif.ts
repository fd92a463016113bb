/** Bytes of a segment, its length included: JPEG counts them in 16 bits. */
const MAX_SEGMENT_BYTES = 0xffff;
const START = 0xffd8;
const APP1 = 0xffe1;
const SIGNATURE = Buffer.from('Exif\0\0', 'latin1');

/**
 * The same JPEG with this Exif, as its first segment; as it was when the Exif is too long for one.
 * @throws RangeError when it is no JPEG
 */
export function writeJpegExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== START) throw new RangeError('not a JPEG');
  const length = 2 + SIGNATURE.length + exif.length;
  if (length > MAX_SEGMENT_BYTES) return jpeg;
  const header = Buffer.alloc(4);
  header.writeUInt16BE(APP1, 0);
  header.writeUInt16BE(length, 2);
  return new Uint8Array(Buffer.concat([bytes.subarray(0, 2), header, SIGNATURE, exif, bytes.subarray(2)]));
}
