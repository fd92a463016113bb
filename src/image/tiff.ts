/** The directories of a TIFF, which is what Exif is. TIFF 6.0, section 2. */

export const ENTRY_BYTES = 12;
/** Entries of one directory that are looked at. */
const MAX_ENTRIES = 512;
const ORIENTATION = 0x0112;

export interface TiffEntry {
  /** How many values there are. */
  readonly count: number;
  /** The value itself as 32 bits, or where the values stand. */
  readonly value: number;
}

export interface Tiff {
  readonly bytes: Buffer;
  readonly isLittle: boolean;
  /** Where it stands. */
  readonly firstDirectory: number;
  /** Undefined when the directory has no such tag, or is not there. */
  find(directory: number, tag: number): TiffEntry | undefined;
}

/** Undefined when it is no TIFF. Never throws. @param exif with or without the `Exif\0\0` that JPEG puts before it */
export function openTiff(exif: Uint8Array): Tiff | undefined {
  const whole = Buffer.from(exif.buffer, exif.byteOffset, exif.byteLength);
  const bytes = whole.subarray(whole.toString('latin1', 0, 6) === 'Exif\0\0' ? 6 : 0);
  const order = bytes.toString('latin1', 0, 4);
  if (order !== 'MM\0*' && order !== 'II*\0') return undefined;
  const isLittle = order === 'II*\0';
  const has = (at: number, length: number) => at >= 0 && at + length <= bytes.length;
  const short = (at: number) => (!has(at, 2) ? 0 : isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const long = (at: number) => (!has(at, 4) ? 0 : isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  return {
    bytes,
    isLittle,
    firstDirectory: long(4),
    find(directory, tag) {
      const count = Math.min(short(directory), MAX_ENTRIES);
      for (let entry = 0; entry < count; entry++) {
        const at = directory + 2 + entry * ENTRY_BYTES;
        if (has(at, ENTRY_BYTES) && short(at) === tag) return { count: long(at + 4), value: long(at + 8) };
      }
      return undefined;
    },
  };
}

/** Whether a viewer shows the picture turned by a quarter, so that its width is the file's height. */
export function isTurned(exif: Uint8Array): boolean {
  const tiff = openTiff(exif);
  const entry = tiff?.find(tiff.firstDirectory, ORIENTATION);
  if (tiff === undefined || entry === undefined) return false;
  // A value of 16 bits stands in the first two bytes.
  const orientation = tiff.isLittle ? entry.value & 0xffff : entry.value >>> 16;
  return orientation >= 5 && orientation <= 8;
}
