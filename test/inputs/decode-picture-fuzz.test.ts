import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadInputError } from '../../src/core/errors.ts';
import { crc32 } from '../../src/image/crc32.ts';
import { writeChunks } from '../../src/image/webp-chunks.ts';
import { fitPicture } from '../../src/inputs/fit-picture.ts';
import { createPictureDecoder } from '../../src/inputs/picture-decoder.ts';
import { runs } from '../full-run.ts';

/** Milliseconds for a file of some kilobytes, on a machine that is busy. */
const PATIENCE = 5000;
const LARGEST_SIDE = 2048;

type Format = (typeof FORMATS)[number];
const FORMATS = ['png', 'interlaced', 'jpeg', 'progressive', 'webp', 'lossless', 'animated'] as const;
const decoder = createPictureDecoder();
afterAll(() => decoder.close());

/** A picture with something in it, so that what is changed is seldom padding. */
async function encoded(format: Format): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: 24 * 20 * 4 }, (_, i) => (i * 7919) % 251));
  const still = sharp(pixels, { raw: { width: 24, height: 20, channels: 4 } });
  switch (format) {
    case 'progressive':
      return still.jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer();
    case 'interlaced':
      return still.png({ progressive: true }).toBuffer();
    case 'lossless':
      return still.webp({ lossless: true }).toBuffer();
    case 'animated': {
      const frames = await Promise.all([90, 180].map((angle) => still.clone().rotate(angle).png().toBuffer()));
      return sharp(frames, { join: { animated: true } })
        .webp()
        .toBuffer();
    }
    default:
      return still.toFormat(format).toBuffer();
  }
}

/** A picture that fits, or a sentence, and soon. */
async function settles(bytes: Uint8Array, patience = PATIENCE): Promise<void> {
  const began = performance.now();
  const result = await decoder.decode(bytes, 'anyone').catch((error: unknown) => error);
  expect(performance.now() - began).toBeLessThan(patience);
  if (result instanceof Error) {
    if (!(result instanceof BadInputError)) throw result;
    expect(result.userMessage).toMatch(
      /^(Easel (cannot read this file|does not read)|The picture (file )?(is|has|takes) ).*\.$/,
    );
    return;
  }
  const { png, width, height } = result as Awaited<ReturnType<typeof decoder.decode>>;
  expect(Math.max(width, height)).toBeLessThanOrEqual(LARGEST_SIDE);
  const fitted = await fitPicture(png, undefined, 64, 64);
  expect(fitted.rgb).toHaveLength(64 * 64 * 3);
}

describe('whatever bytes a person gives for a picture', () => {
  const files = new Map<Format, Buffer>();
  beforeAll(async () => {
    for (const format of FORMATS) files.set(format, await encoded(format));
  });

  it.each(FORMATS)('of a %s with some bytes changed, cut short or doubled, it is read or refused', async (format) => {
    const file = files.get(format) ?? Buffer.alloc(0);
    const change = fc.tuple(fc.oneof(fc.nat(63), fc.nat(file.length - 1)), fc.nat(255));
    const damaged = fc
      .tuple(fc.array(change, { maxLength: 8 }), fc.oneof(fc.constant(file.length), fc.nat(file.length)), fc.nat(2))
      .map(([changes, length, copies]) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changes) bytes[at] = value;
        return Buffer.concat([bytes.subarray(0, length), ...new Array<Buffer>(copies).fill(bytes)]);
      });
    await fc.assert(
      fc.asyncProperty(damaged, (bytes) => settles(bytes)),
      { numRuns: runs(200) },
    );
  });

  it('of noise, also behind a true signature, it is refused', async () => {
    const signature = fc
      .constantFrom(...files.values(), Buffer.from('<svg'), Buffer.from('%PDF-1.4'))
      .map((file) => file.subarray(0, 16));
    const noise = fc
      .tuple(fc.oneof(fc.constant(Buffer.alloc(0)), signature), fc.uint8Array({ maxLength: 300 }))
      .map((parts) => Buffer.concat(parts));
    await fc.assert(
      fc.asyncProperty(noise, (bytes) => settles(bytes)),
      { numRuns: runs(500) },
    );
  });

  it('of a head that claims any size, it is refused or found damaged', async () => {
    const side = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 1, 10_000, 16_384, 65_535, 2 ** 31 - 1, 2 ** 32 - 1));
    const before = process.memoryUsage().rss;
    await fc.assert(
      fc.asyncProperty(side, side, fc.constantFrom('png', 'webp'), async (width, height, format) => {
        await settles(format === 'png' ? pngOfSize(width, height) : webpOfSize(width, height));
      }),
      { numRuns: runs(100) },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1024 * 1024);
  });

  it('of a head that says 100 megapixels, it is refused by its size', async () => {
    for (const file of [pngOfSize(10_000, 10_000), webpOfSize(10_000, 10_000)]) {
      await expect(decoder.decode(file, 'anyone')).rejects.toMatchObject({
        userMessage: 'The picture has 100 megapixels, but the limit is 50; give a smaller one.',
      });
    }
  });
});

/** A PNG's signature, head and an empty body: the size is all that it tells. */
function pngOfSize(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width % 2 ** 32, 0);
  head.writeUInt32BE(height % 2 ** 32, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, pngChunk('IHDR', head), pngChunk('IDAT', Buffer.alloc(2)), pngChunk('IEND')]);
}

function pngChunk(type: string, data = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** A lossless WebP that says this size, and nothing after it. */
function webpOfSize(width: number, height: number): Buffer {
  const sides = ((width - 1) & 0x3fff) | (((height - 1) & 0x3fff) << 14);
  const data = Buffer.alloc(12);
  data[0] = 0x2f;
  data.writeInt32LE(sides, 1);
  return Buffer.from(writeChunks([{ type: 'VP8L', data }]));
}
