import { monitorEventLoopDelay } from 'node:perf_hooks';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseParameters } from '../../src/core/parse-parameters.ts';
import { encodeJpeg, encodePng, encodeWebp } from '../../src/image/encode.ts';
import { encodeExifComment } from '../../src/image/exif-comment.ts';
import { encodeChunk } from '../../src/image/png-chunks.ts';
import { readRecipeText } from '../../src/image/recipe-text.ts';
import { manyTexts } from '../doubles/hostile-pictures.ts';

const MEBIBYTE = 1 << 20;
/** Milliseconds that nothing else happens, on a machine that is busy. */
const BLOCKED_MS = 400;
const image = { width: 7, height: 5, rgb: new Uint8Array(7 * 5 * 3).fill(200) };

/** The recipe, and for how long the thread did nothing else, in milliseconds. */
async function watched(bytes: Uint8Array): Promise<{ text: string | undefined; blockedMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.reset();
  const text = await readRecipeText(bytes);
  const parsed = text === undefined ? undefined : parseParameters(text);
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  expect(parsed).toBeUndefined();
  return { text, blockedMs: delay.max / 1e6 };
}

/** The PNG with more chunks before its end. */
const withChunks = (png: Uint8Array, ...chunks: readonly Uint8Array[]) =>
  Buffer.concat([png.subarray(0, -12), ...chunks, png.subarray(-12)]);

const zipped = (text: Uint8Array) =>
  encodeChunk('zTXt', Buffer.concat([Buffer.from('parameters\0\0'), deflateSync(text)]));

describe('the recipe of a hostile file', () => {
  it.each([
    ['compressed texts', () => manyTexts(9000)],
    ['compressed international texts', () => manyTexts(9000, { type: 'iTXt' })],
    ['compressed texts of other names', () => manyTexts(9000, { keyword: 'comment' })],
    [
      'texts without an end to their keyword',
      () => withChunks(manyTexts(0), encodeChunk('tEXt', new Uint8Array(30 * MEBIBYTE).fill(65))),
    ],
    [
      'empty chunks',
      () => withChunks(manyTexts(0), Buffer.alloc(12 * 800_000, encodeChunk('tEXt', new Uint8Array(0)))),
    ],
    [
      'texts of an empty name',
      () => withChunks(manyTexts(0), ...new Array<Uint8Array>(30).fill(encodeChunk('iTXt', new Uint8Array(MEBIBYTE)))),
    ],
  ])('in a PNG of %s is looked for in bounded time', async (_what, make) => {
    const { blockedMs } = await watched(make());
    expect(blockedMs).toBeLessThan(BLOCKED_MS);
  });

  it('is found behind ten thousand texts that are too long, and inflated to a mebibyte in all', async () => {
    const bombs = manyTexts(9000);
    expect(await readRecipeText(withChunks(bombs, zipped(Buffer.from('a fox'))))).toBe('a fox');
    const long = Buffer.alloc(MEBIBYTE - 100_000, 'b');
    expect(await readRecipeText(withChunks(manyTexts(0), zipped(long)))).toHaveLength(long.length);
    // The last is longer than is read, and leaves nothing for the one before.
    const tooLong = zipped(Buffer.alloc(2 * MEBIBYTE, 'c'));
    expect(await readRecipeText(withChunks(manyTexts(0), zipped(long), tooLong))).toBeUndefined();
  });

  it('in a JPEG or WebP of many segments is looked for in bounded time', async () => {
    const jpeg = await encodeJpeg(image);
    const foreign = Buffer.concat([
      Buffer.from([0xff, 0xe1, 0xff, 0xff]),
      Buffer.alloc(0xffff - 2, 'http://ns.adobe.com/xap/1.0/\0'),
    ]);
    const tiny = Buffer.alloc(24 * MEBIBYTE, Buffer.from([0xff, 0xe3, 0, 2]));
    const filled = Buffer.alloc(24 * MEBIBYTE, 0xff);
    for (const segments of [Buffer.concat(new Array<Buffer>(380).fill(foreign)), tiny, filled]) {
      const { text, blockedMs } = await watched(Buffer.concat([jpeg.subarray(0, 2), segments, jpeg.subarray(2)]));
      expect(text).toBeUndefined();
      expect(blockedMs).toBeLessThan(BLOCKED_MS);
    }
    const webp = await encodeWebp(image);
    const chunks = Buffer.alloc(24 * MEBIBYTE, Buffer.from('XMP \0\0\0\0', 'latin1'));
    const { text, blockedMs } = await watched(Buffer.concat([webp.subarray(0, 12), chunks, webp.subarray(12)]));
    expect(text).toBeUndefined();
    expect(blockedMs).toBeLessThan(BLOCKED_MS);
  });

  it('in Exif of any length is read up to a mebibyte', async () => {
    const large = await encodeWebp(image, 90, 'a'.repeat(400_000));
    const { text, blockedMs } = await watched(large);
    expect(text).toHaveLength(400_000);
    expect(blockedMs).toBeLessThan(BLOCKED_MS);
    expect(await readRecipeText(await encodeWebp(image, 90, 'a'.repeat(MEBIBYTE)))).toBeUndefined();
  });

  it('is found in a PNG’s Exif, and behind other Exif in a JPEG', async () => {
    const exif = Buffer.from(encodeExifComment('a fox'));
    expect(await readRecipeText(withChunks(await encodePng(image), encodeChunk('eXIf', exif)))).toBe('a fox');
    const jpeg = await sharp(await encodeJpeg(image, 90, 'a hare'))
      .withMetadata()
      .jpeg()
      .toBuffer();
    const icc = Buffer.concat([Buffer.from([0xff, 0xe2, 0, 16]), Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1')]);
    expect(await readRecipeText(Buffer.concat([jpeg.subarray(0, 2), icc, jpeg.subarray(2)]))).toBe('a hare');
  });
});
