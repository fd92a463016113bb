import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePng, encodePng, encodeWebp } from '../../src/image/encode.ts';
import { decodeExifComment, encodeExifComment } from '../../src/image/exif-comment.ts';
import { readRecipeText } from '../../src/image/recipe-text.ts';

const image = { width: 7, height: 5, rgb: new Uint8Array(7 * 5 * 3).fill(200) };
const RECIPE =
  'лиса в снегу 🦊\nNegative prompt: “text”\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64';

/** As piexif 1.1.3 writes them: its own header is big-endian, and so is the text, whatever the file's order. */
function piexif(text: string): Buffer {
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), encodeExifComment(text)]);
}

describe('a picture that is no PNG', () => {
  it.each(['a fox', RECIPE])('carries its recipe in Exif, where sharp still reads the picture: %s', async (text) => {
    const webp = await encodeWebp(image, 90, text);
    expect(await sharp(webp).metadata()).toMatchObject({ format: 'webp', width: 7, height: 5 });
    expect((await decodePng(webp)).rgb).toHaveLength(7 * 5 * 3);
    expect(await readRecipeText(webp)).toBe(text);
  });

  it('is read where AUTOMATIC1111 puts the recipe of a JPEG', async () => {
    const jpeg = await sharp(image.rgb, { raw: { width: 7, height: 5, channels: 3 } })
      .jpeg()
      .toBuffer();
    const exif = piexif(RECIPE);
    const segment = Buffer.concat([Buffer.from([0xff, 0xe1, (exif.length + 2) >> 8, (exif.length + 2) & 0xff]), exif]);
    expect(await readRecipeText(Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]))).toBe(RECIPE);
  });

  it('is read where a program wrote 8-bit text into the comment: UTF-8, whatever it calls it, or Latin-1', () => {
    const exif = Buffer.from(encodeExifComment('x'.repeat(60)));
    const at = exif.length - 120;
    const withBytes = (code: string, bytes: Buffer) => {
      const out = Buffer.from(exif);
      out.write(code, at - 8, 'latin1');
      Buffer.concat([bytes, Buffer.alloc(120)]).copy(out, at, 0, 120);
      return decodeExifComment(out);
    };
    const recipe = 'лиса\nSteps: 20, Seed: 1, Size: 64x64';
    expect(withBytes('UNICODE\0', Buffer.from(recipe))).toBe(recipe);
    expect(withBytes('ASCII\0\0\0', Buffer.from(recipe))).toBe(recipe);
    expect(withBytes('ASCII\0\0\0', Buffer.from('un café', 'latin1'))).toBe('un café');
  });

  it('is read in either order of bytes, and by what sharp itself wrote', async () => {
    const little = Buffer.from(encodeLittle(RECIPE));
    expect(decodeExifComment(little)).toBe(RECIPE);
    const pixels = sharp(image.rgb, { raw: { width: 7, height: 5, channels: 3 } });
    const written = await pixels
      .withExif({ IFD2: { UserComment: 'a plain comment' } })
      .webp()
      .toBuffer();
    expect(await readRecipeText(written)).toContain('a plain comment');
  });

  it('says nothing when it holds nothing, or is no picture at all', async () => {
    expect(await readRecipeText(await encodeWebp(image))).toBeUndefined();
    expect(await readRecipeText(await encodePng(image))).toBeUndefined();
    expect(await readRecipeText(Buffer.from('GIF89a, they say'))).toBeUndefined();
    expect(await readRecipeText(await encodePng(image, 'its own'))).toBe('its own');
  });

  it('never throws, whatever its Exif claims', () => {
    const good = Buffer.from(encodeExifComment('a fox'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const bad = Buffer.from(good);
        for (const [at, byte] of changes) bad[at] = byte;
        decodeExifComment(bad);
        decodeExifComment(bad.subarray(0, changes[0]?.[0] ?? 0));
      }),
    );
  });
});

function encodeLittle(text: string): Buffer {
  const comment = Buffer.concat([Buffer.from('UNICODE\0', 'latin1'), Buffer.from(text, 'utf16le')]);
  const head = Buffer.alloc(44);
  head.write('II*\0', 0, 'latin1');
  head.writeUInt32LE(8, 4);
  for (const [at, tag, type, count, value] of [
    [8, 0x8769, 4, 1, 26],
    [26, 0x9286, 7, comment.length, 44],
  ] as const) {
    head.writeUInt16LE(1, at);
    head.writeUInt16LE(tag, at + 2);
    head.writeUInt16LE(type, at + 4);
    head.writeUInt32LE(count, at + 6);
    head.writeUInt32LE(value, at + 10);
  }
  return Buffer.concat([head, comment]);
}
