import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeChunk } from '../../src/image/png-chunks.ts';
import { sharp as guarded } from '../../src/image/sharp.ts';
import { fitPicture } from '../../src/inputs/fit-picture.ts';
import { createPictureDecoder } from '../../src/inputs/picture-decoder.ts';
import { manyFrames, manyScans, manyTexts, nestedSvg, pngOf } from '../doubles/hostile-pictures.ts';

/** Milliseconds for what is refused without being read, on a machine that is busy. */
const PATIENCE = 10_000;

const plain = (
  width: number,
  height: number,
  background: string | { r: number; g: number; b: number; alpha: number } = '#336699',
) => sharp({ create: { width, height, channels: 4, background } });

const sentence = (text: string) => ({ userMessage: expect.stringContaining(text) });

describe('a picture that a person gives', () => {
  const decoder = createPictureDecoder();
  afterAll(() => decoder.close());
  const decode = (bytes: Uint8Array) => decoder.decode(bytes, 'ada');

  it.each(['png', 'jpeg', 'webp'] as const)('is read as %s', async (format) => {
    const bytes = await plain(40, 30).toFormat(format).toBuffer();
    expect(await decode(bytes)).toMatchObject({ width: 40, height: 30 });
  });

  it('is read with 16 bits, in inks, interlaced, with a palette and without losses', async () => {
    const colour = plain(40, 30, '#ff8000');
    const files = [
      await colour.clone().toColourspace('rgb16').png().toBuffer(),
      await colour.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
      await colour.clone().png({ progressive: true }).toBuffer(),
      await colour.clone().png({ palette: true }).toBuffer(),
      await colour.clone().webp({ lossless: true }).toBuffer(),
    ];
    for (const file of files) {
      const { png } = await decode(file);
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 40, height: 30, channels: 4 });
      for (const [channel, value] of [0xff, 0x80, 0, 0xff].entries()) {
        expect(Math.abs((data[channel] ?? -1) - value)).toBeLessThan(16);
      }
    }
  });

  it('is upright, and no larger than Easel draws', async () => {
    const turned = await plain(40, 30).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect(await decode(turned)).toMatchObject({ width: 30, height: 40 });
    const large = await plain(3000, 1500).png().toBuffer();
    expect(await decode(large)).toMatchObject({ width: 2048, height: 1024 });
  });

  it('is refused with a sentence when it is empty, animated, or damaged', async () => {
    await expect(decode(new Uint8Array())).rejects.toMatchObject({
      userMessage: 'The picture file is empty; send it again.',
    });
    const frames = await Promise.all(['red', 'blue'].map((colour) => plain(8, 8, colour).png().toBuffer()));
    const animated = await sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
    for (const file of [animated, pngOf(8, 8, { before: [encodeChunk('acTL', new Uint8Array(8))] })]) {
      await expect(decode(file)).rejects.toMatchObject({
        userMessage: 'The picture is animated; give a single frame.',
      });
    }
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
    const whole = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const file = await whole.clone().toFormat(format).toBuffer();
      await expect(decode(file.subarray(0, file.length / 2))).rejects.toMatchObject(sentence('damaged'));
    }
  });

  it('is refused by its first bytes, whatever it is said to be, before any decoder sees it', async () => {
    const frames = await Promise.all(['red', 'blue'].map((colour) => plain(8, 8, colour).png().toBuffer()));
    const others: readonly (readonly [name: string, bytes: Uint8Array])[] = [
      ['an SVG', nestedSvg()],
      ['an SVG', Buffer.from('<?xml version="1.0"?>\n<!-- a --><!-- b -->\n<svg width="9" height="9"/>')],
      ['a compressed file', gzipSync(nestedSvg())],
      ['a web page', Buffer.from('<!DOCTYPE html><html><svg/></html>')],
      [
        'a GIF',
        await sharp(frames, { join: { animated: true } })
          .gif()
          .toBuffer(),
      ],
      ['a TIFF', await plain(8, 8).tiff().toBuffer()],
      ['an AVIF', await plain(8, 8).avif().toBuffer()],
      ['a PDF', Buffer.from('%PDF-1.4')],
    ];
    for (const [name, bytes] of others) {
      await expect(decode(bytes)).rejects.toMatchObject({
        code: 'not_a_picture',
        userMessage: `Easel does not read ${name}; give a PNG, JPEG or WebP.`,
      });
    }
    await expect(decode(new TextEncoder().encode('hello'))).rejects.toMatchObject({
      userMessage: 'Easel cannot read this file as a picture; give a PNG, JPEG or WebP.',
    });
  });

  it.each(['svg', 'gif', 'tiff', 'avif', 'heif', 'jp2', 'pdf', 'raw file'])(
    'finds no loader for %s in the process',
    async (format) => {
      const avif = await plain(8, 8).avif().toBuffer();
      const files: Readonly<Record<string, Uint8Array>> = {
        svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        gif: await plain(8, 8).gif().toBuffer(),
        tiff: await plain(8, 8).tiff().toBuffer(),
        avif,
        heif: Buffer.concat([avif.subarray(0, 8), Buffer.from('heic'), avif.subarray(12)]),
        jp2: Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1'),
        pdf: Buffer.from('%PDF-1.4\n%%EOF'),
        'raw file': Buffer.from('P6 1 1 255\nabc'),
      };
      await expect(guarded(files[format]).metadata()).rejects.toThrow('unsupported image format');
    },
  );

  it('of 100 megapixels, or as long as a street, is refused before it is unpacked', async () => {
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: 'red' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(1e6);
    await expect(decode(bomb)).rejects.toMatchObject({
      userMessage: 'The picture has 100 megapixels, but the limit is 50; give a smaller one.',
    });
    await expect(decode(pngOf(1, 40_000_000, { hollow: true }))).rejects.toMatchObject({
      userMessage: 'The picture has a side of 40000000 pixels, but the limit is 16384; give a smaller one.',
    });
  });

  it('of too many scans or frames is refused soon; one that is only laborious is read', async () => {
    const began = performance.now();
    await expect(decode(manyScans(4000))).rejects.toMatchObject(sentence('damaged'));
    await expect(decode(await manyFrames(100_000))).rejects.toMatchObject(sentence('animated'));
    expect(performance.now() - began).toBeLessThan(PATIENCE);
    expect(await decode(manyScans(8))).toMatchObject({ width: 2048, height: 2048 });
    expect(await decode(pngOf(4000, 4000, { interlaced: true, depth: 16 }))).toMatchObject({ width: 2048 });
    expect(await decode(manyTexts(500))).toMatchObject({ width: 8, height: 8 });
  });
});

describe('a picture to begin from', () => {
  let wide: Uint8Array;
  beforeAll(async () => {
    wide = new Uint8Array(await plain(80, 40).png().toBuffer());
  });

  it('fills the size asked for, cut around its middle', async () => {
    const { width, height, rgb, mask } = await fitPicture(wide, undefined, 64, 96);
    expect([width, height, rgb.length]).toEqual([64, 96, 64 * 96 * 3]);
    expect([...rgb.subarray(0, 3)]).toEqual([0x33, 0x66, 0x99]);
    expect(mask).toBeUndefined();
  });

  it('is drawn anew where it is transparent', async () => {
    const pixels = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 === 3 && i % 256 < 128 ? 0 : 255));
    const png = await sharp(pixels, { raw: { width: 64, height: 64, channels: 4 } })
      .png()
      .toBuffer();
    const { mask } = await fitPicture(new Uint8Array(png), undefined, 64, 64);
    expect([mask?.[0], mask?.[31], mask?.[32], mask?.[63]]).toEqual([255, 255, 0, 0]);
  });

  it('is drawn anew where its mask is white', async () => {
    const white = await plain(40, 40, 'white').png().toBuffer();
    const mask = new Uint8Array(
      await plain(80, 40, 'black')
        .composite([{ input: white, left: 40, top: 0 }])
        .png()
        .toBuffer(),
    );
    const fitted = await fitPicture(wide, mask, 80, 40);
    expect(fitted.mask?.[0]).toBe(0);
    expect(fitted.mask?.[79]).toBe(255);
    expect(fitted.mask).toHaveLength(80 * 40);
  });
});
