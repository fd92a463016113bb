import { decodeTextBytes } from './text-bytes.ts';
import { ENTRY_BYTES, openTiff } from './tiff.ts';

/**
 * A picture's text in Exif: the tag UserComment of its Exif directory, which is where AUTOMATIC1111 puts the recipe of a
 * JPEG or WebP (modules/images.py, save_image, by piexif). TIFF 6.0 and Exif 2.3, 4.6.5.
 */

const EXIF_DIRECTORY = 0x8769;
const USER_COMMENT = 0x9286;
const TYPE_LONG = 4;
const TYPE_UNDEFINED = 7;
const HEADER_BYTES = 8;
/** Bytes; a file from elsewhere may claim anything. */
const MAX_COMMENT_BYTES = 1 << 20;
/** The character code that stands before the text. */
const CODE_BYTES = 8;
const UNICODE = 'UNICODE\0';
/** What every recipe holds; in UTF-16 there are zeros between its letters. */
const SETTINGS = 'Steps: ';
const ASCII = 'ASCII\0\0\0';

/** A big-endian TIFF of two directories that hold nothing but the comment, in UTF-16. */
export function encodeExifComment(text: string): Uint8Array {
  const comment = Buffer.concat([Buffer.from(UNICODE, 'latin1'), toUtf16be(text)]);
  const directoryBytes = 2 + ENTRY_BYTES + 4;
  const exifAt = HEADER_BYTES + directoryBytes;
  const commentAt = exifAt + directoryBytes;
  const tiff = Buffer.alloc(commentAt + comment.length);
  tiff.write('MM\0*', 0, 'latin1');
  tiff.writeUInt32BE(HEADER_BYTES, 4);
  writeDirectory(tiff, HEADER_BYTES, [EXIF_DIRECTORY, TYPE_LONG, 1, exifAt]);
  writeDirectory(tiff, exifAt, [USER_COMMENT, TYPE_UNDEFINED, comment.length, commentAt]);
  comment.copy(tiff, commentAt);
  return new Uint8Array(tiff);
}

/**
 * The comment's text; undefined when there is none or the bytes are no Exif. Never throws.
 * @param exif TIFF, with or without the `Exif\0\0` that JPEG puts before it
 */
export function decodeExifComment(exif: Uint8Array): string | undefined {
  const tiff = openTiff(exif);
  const exifAt = tiff?.find(tiff.firstDirectory, EXIF_DIRECTORY)?.value;
  const comment = exifAt === undefined ? undefined : tiff?.find(exifAt, USER_COMMENT);
  if (tiff === undefined || comment === undefined || comment.count > MAX_COMMENT_BYTES) return undefined;
  return decodeComment(tiff.bytes.subarray(comment.value, comment.value + comment.count), tiff.isLittle);
}

function writeDirectory(
  tiff: Buffer,
  at: number,
  [tag, type, count, value]: readonly [number, number, number, number],
) {
  tiff.writeUInt16BE(1, at);
  tiff.writeUInt16BE(tag, at + 2);
  tiff.writeUInt16BE(type, at + 4);
  tiff.writeUInt32BE(count, at + 6);
  tiff.writeUInt32BE(value, at + 10);
}

/** UTF-16 in the file's own order by the standard; piexif writes it big-endian into every file. */
function decodeComment(comment: Buffer, isLittle: boolean): string | undefined {
  const code = comment.toString('latin1', 0, CODE_BYTES);
  const text = comment.subarray(CODE_BYTES);
  if (code === ASCII || code === '\0'.repeat(CODE_BYTES)) return trimmed(decodeTextBytes(text));
  if (code !== UNICODE) return undefined;
  // Some programs call it Unicode and write UTF-8.
  if (text.includes(SETTINGS)) return trimmed(decodeTextBytes(text));
  return trimmed(isLittle && !looksBigEndian(text) ? text.toString('utf16le') : fromUtf16be(text));
}

/** Of a recipe's letters most are ASCII, whose high byte is 0. */
function looksBigEndian(text: Buffer): boolean {
  let zeros = 0;
  for (let at = 0; at + 1 < text.length; at += 2) zeros += Number(text[at] === 0) - Number(text[at + 1] === 0);
  return zeros > 0;
}

function toUtf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

function fromUtf16be(bytes: Buffer): string {
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return Buffer.from(even).swap16().toString('utf16le');
}

function trimmed(text: string): string | undefined {
  const whole = text.replaceAll('\0', '').trim();
  return whole === '' ? undefined : whole;
}
