import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/image/crc32.ts';
import { encodePng } from '../../src/image/encode.ts';
import { encodeChunk, hasGoodCrc, readChunks } from '../../src/image/png-chunks.ts';
import { readParameters, writeParameters } from '../../src/image/png-text.ts';

const image = { width: 3, height: 2, rgb: Uint8Array.from({ length: 18 }, (_, index) => index * 14) };
const typesOf = (png: Uint8Array) => [...readChunks(png)].map((chunk) => chunk.type);

/** A PNG whose text chunk another program wrote. */
async function pngWith(type: string, data: Uint8Array): Promise<Uint8Array> {
  const png = await encodePng(image);
  return Buffer.concat([png.subarray(0, -12), encodeChunk(type, data), png.subarray(-12)]);
}

describe('the parameters of a PNG', () => {
  it('stand before the pixels, where sharp reads them, and leave the pixels as they were', async () => {
    const png = await encodePng(image, 'a fox\nSteps: 20');
    expect(typesOf(png).slice(-3)).toEqual(['tEXt', 'IDAT', 'IEND']);
    expect((await sharp(png).metadata()).comments).toEqual([{ keyword: 'parameters', text: 'a fox\nSteps: 20' }]);
    expect(new Uint8Array(await sharp(png).raw().toBuffer())).toEqual(image.rgb);
  });

  it('are Latin-1 where that will do and UTF-8 where not', async () => {
    const png = await encodePng(image, 'лиса 🦊');
    expect(typesOf(png).slice(-3)).toEqual(['iTXt', 'IDAT', 'IEND']);
    expect(await readParameters(png)).toBe('лиса 🦊');
    const latin = await encodePng(image, 'un café');
    expect(Buffer.from(latin).includes(Buffer.from('un café', 'latin1'))).toBe(true);
    expect(await readParameters(latin)).toBe('un café');
  });

  it('have CRCs that fit', async () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    const png = await encodePng(image, 'a fox');
    for (const chunk of readChunks(png)) expect(hasGoodCrc(png, chunk)).toBe(true);
  });

  it('replace earlier ones', async () => {
    const png = writeParameters(await encodePng(image, 'лиса'), 'a hare');
    expect(typesOf(png).filter((type) => type.endsWith('Xt'))).toEqual(['tEXt']);
    expect(await readParameters(png)).toBe('a hare');
  });

  it('come back whatever text they are', async () => {
    const blank = await encodePng(image);
    const text = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((value) => !value.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await readParameters(writeParameters(blank, value))).toBe(value);
      }),
    );
  });

  it('cannot hold NUL, or stand in what is no PNG', async () => {
    expect(() => writeParameters(new Uint8Array(40), 'a fox')).toThrow(RangeError);
    await expect(encodePng(image, 'a\0fox')).rejects.toThrow(RangeError);
  });
});

describe('reading files from elsewhere', () => {
  it('inflates compressed text', async () => {
    const zipped = deflateSync(Buffer.from('a fox', 'latin1'));
    expect(await readParameters(await pngWith('zTXt', Buffer.concat([Buffer.from('parameters\0\0'), zipped])))).toBe(
      'a fox',
    );
    const fox = deflateSync(Buffer.from('лиса'));
    const international = Buffer.concat([Buffer.from('parameters\0\x01\0ru\0параметры\0'), fox]);
    expect(await readParameters(await pngWith('iTXt', international))).toBe('лиса');
  });

  it('takes tEXt and zTXt for UTF-8 where their bytes are valid UTF-8, and else for Latin-1', async () => {
    const text = (bytes: Uint8Array) => Buffer.concat([Buffer.from('parameters\0'), bytes]);
    expect(await readParameters(await pngWith('tEXt', text(Buffer.from('雪の中の狐, café'))))).toBe('雪の中の狐, café');
    const zipped = Buffer.concat([Buffer.from('parameters\0\0'), deflateSync(Buffer.from('лиса'))]);
    expect(await readParameters(await pngWith('zTXt', zipped))).toBe('лиса');
    expect(await readParameters(await pngWith('tEXt', text(Buffer.from('un café', 'latin1'))))).toBe('un café');
  });

  it('reads its own Latin-1 back, also where it looks like UTF-8', async () => {
    const blank = await encodePng(image);
    for (const text of ['Ã©', 'â\u0080\u0099', 'Ã¼ber 20 Â°'])
      expect(await readParameters(writeParameters(blank, text))).toBe(text);
    const latin1 = fc.string({ unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)) });
    await fc.assert(
      fc.asyncProperty(latin1, async (text) => (await readParameters(writeParameters(blank, text))) === text),
    );
  });

  it('does not inflate a bomb', async () => {
    const bomb = deflateSync(Buffer.alloc(64 << 20));
    expect(
      await readParameters(await pngWith('zTXt', Buffer.concat([Buffer.from('parameters\0\0'), bomb]))),
    ).toBeUndefined();
  });

  it('finds nothing in a file without parameters, or with a wrong CRC', async () => {
    expect(await readParameters(await encodePng(image))).toBeUndefined();
    const png = await encodePng(image, 'a fox');
    png[Buffer.from(png).indexOf('fox')] = 0x21;
    expect(await readParameters(png)).toBeUndefined();
  });

  it('survives any damage', async () => {
    const png = await encodePng(image, 'лиса 🦊');
    const byte = fc.record({ at: fc.nat(png.length - 1), value: fc.integer({ min: 0, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.nat(png.length), fc.array(byte, { maxLength: 8 }), async (length, damage) => {
        const damaged = png.slice(0, length);
        for (const { at, value } of damage) if (at < length) damaged[at] = value;
        expect(['string', 'undefined']).toContain(typeof (await readParameters(damaged)));
      }),
      { numRuns: 500 },
    );
  });
});
