import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/inputs/decode-picture.ts';
import { fitPicture } from '../../src/inputs/fit-picture.ts';

const plain = (
  width: number,
  height: number,
  background: string | { r: number; g: number; b: number; alpha: number } = '#336699',
) => sharp({ create: { width, height, channels: 4, background } });

const sentence = (text: string) => ({ userMessage: expect.stringContaining(text) });

describe('a picture that a person gives', () => {
  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('is read as %s', async (format) => {
    const bytes = await plain(40, 30).toFormat(format).toBuffer();
    expect(await decodePicture(bytes)).toMatchObject({ width: 40, height: 30 });
  });

  it('is given up when it takes too long to read, and the next one is read all the same', async () => {
    // 49 megapixels of noise in a progressive JPEG: what costs most for its size.
    const tile = await sharp(randomBytes(1024 * 1024 * 3), { raw: { width: 1024, height: 1024, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    const slow = await plain(7000, 7000)
      .composite([{ input: tile, tile: true }])
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4', progressive: true })
      .toBuffer();
    await expect(decodePicture(slow, 1)).rejects.toMatchObject({
      code: 'picture_too_large',
      userMessage: 'The picture takes too long to read; give a smaller one.',
    });
    const small = await plain(40, 30).png().toBuffer();
    expect(await decodePicture(small, 1)).toMatchObject({ width: 40, height: 30 });
  });

  it('is upright, and no larger than Easel draws', async () => {
    const turned = await plain(40, 30).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect(await decodePicture(turned)).toMatchObject({ width: 30, height: 40 });
    const large = await plain(3000, 1500).png().toBuffer();
    expect(await decodePicture(large)).toMatchObject({ width: 2048, height: 1024 });
  });

  it('is refused with a sentence when it is animated, not a picture, or damaged', async () => {
    const frames = await Promise.all(['red', 'blue'].map((colour) => plain(8, 8, colour).png().toBuffer()));
    const animated = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    await expect(decodePicture(animated)).rejects.toMatchObject({
      userMessage: 'The picture is animated; give a single frame of it.',
    });
    await expect(decodePicture(new TextEncoder().encode('hello'))).rejects.toMatchObject(sentence('not a picture'));
    await expect(decodePicture(new Uint8Array())).rejects.toMatchObject(sentence('not a picture'));
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>';
    await expect(decodePicture(new TextEncoder().encode(svg))).rejects.toMatchObject(sentence('not a picture'));
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    await expect(decodePicture(whole.subarray(0, whole.length / 2))).rejects.toMatchObject(sentence('damaged'));
  });

  it('of 100 megapixels is refused before it is unpacked', async () => {
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: 'red' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(1e6);
    await expect(decodePicture(bomb)).rejects.toMatchObject({
      userMessage: 'The picture has 100 megapixels, and 50 is the most; give a smaller one.',
    });
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
