/** Pictures that are small to send and cost minutes to read. Each is made here, so that no large file is kept. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { encodeChunk } from '../../src/image/png-chunks.ts';

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MEBIBYTE = 1 << 20;

/** 1.8 KiB: a text that is used ten to the tenth times. Without a size of its own, all of them are laid out to find it. */
export function nestedSvg(): Buffer {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const uses = `<use href="#a${level}"/>`.repeat(10);
    return `<g id="a${level + 1}">${uses}</g>`;
  });
  const definitions = `<text id="a0" y="10">x</text>${levels.join('')}`;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg"><defs>${definitions}</defs><use href="#a10"/></svg>`);
}

/** A grey progressive JPEG whose scans each visit every block and change nothing; about 3 KiB a scan at 49 megapixels. */
export function manyScans(scans: number, side = 7000): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  const [high, low] = [side >> 8, side & 0xff];
  const scan = (from: number, to: number) => segment(0xda, [1, 1, 0, from, to, 0]);
  const emptyScan = Buffer.concat([scan(1, 63), endOfBand(blocks)]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...new Array<number>(64).fill(1)]),
    segment(0xc2, [8, high, low, high, low, 1, 1, 0x11, 0]),
    // One code for "no difference" of the first coefficient; two for ends of bands, of 2^14 blocks and more, and of one.
    segment(0xc4, [0x00, 1, ...new Array<number>(15).fill(0), 0x00]),
    segment(0xc4, [0x10, 1, 1, ...new Array<number>(14).fill(0), 0xe0, 0x00]),
    scan(0, 0),
    Buffer.alloc(Math.ceil(blocks / 8)),
    ...new Array<Buffer>(scans).fill(emptyScan),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A WebP of so many frames of 16 × 16 pixels: libwebp walks through all of them for each. */
export async function manyFrames(frames: number): Promise<Buffer> {
  const colours = ['red', 'blue'];
  const two = await Promise.all(
    colours.map((background) =>
      sharp({ create: { width: 16, height: 16, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  const animated = await sharp(two, { join: { animated: true } })
    .webp()
    .toBuffer();
  const chunks: Buffer[] = [];
  for (let at = 12; at < animated.length; ) {
    const end = at + 8 + animated.readUInt32LE(at + 4) + (animated.readUInt32LE(at + 4) % 2);
    chunks.push(animated.subarray(at, end));
    at = end;
  }
  const isFrame = (chunk: Buffer) => chunk.toString('latin1', 0, 4) === 'ANMF';
  const [shown, rest] = [chunks.filter(isFrame), chunks.filter((chunk) => !isFrame(chunk))];
  const body = [...rest, ...Array.from({ length: frames }, (_, index) => shown[index % 2] ?? Buffer.alloc(0))];
  const file = Buffer.concat([animated.subarray(0, 12), ...body]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}

/** An animated PNG of so many frames of 8 × 8 pixels, each an empty one. */
export function manyApngFrames(frames: number): Buffer {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(frames, 0);
  const pixels = deflateSync(Buffer.alloc(8 * (1 + 8 * 4)));
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const frame = (sequence: number) => {
    const head = Buffer.concat([number(sequence), number(8), number(8), Buffer.alloc(14)]);
    return [encodeChunk('fcTL', head), encodeChunk('fdAT', Buffer.concat([number(sequence + 1), pixels]))];
  };
  const before = Array.from({ length: frames }, (_, index) => frame(index * 2)).flat();
  return pngOf(8, 8, { before: [encodeChunk('acTL', control), ...before] });
}

/** A PNG before whose pixels stand so many compressed texts; each takes 1 KiB and holds 1 MiB. */
export function manyTexts(texts: number, { keyword = 'parameters', type = 'zTXt' } = {}): Buffer {
  const deflated = deflateSync(Buffer.alloc(MEBIBYTE, 'a'));
  const before = type === 'zTXt' ? `${keyword}\0\0` : `${keyword}\0\u0001\0\0\0`;
  const text = encodeChunk(type, Buffer.concat([Buffer.from(before, 'latin1'), deflated]));
  return pngOf(8, 8, { before: new Array<Uint8Array>(texts).fill(text) });
}

/**
 * A PNG of these pixels, all of them black.
 * @param options.depth bits of one of its four channels
 * @param options.hollow without the pixels
 */
export function pngOf(
  width: number,
  height: number,
  options: { interlaced?: boolean; depth?: 8 | 16; hollow?: boolean; before?: readonly Uint8Array[] } = {},
): Buffer {
  const { interlaced = false, depth = 8, hollow = false, before = [] } = options;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([depth, 6, 0, 0, interlaced ? 1 : 0], 8);
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  const bytes = passes.reduce((sum, [left, top, right, down]) => {
    const [columns, rows] = [Math.ceil((width - left) / right), Math.ceil((height - top) / down)];
    return sum + rows * (1 + columns * 4 * (depth / 8));
  }, 0);
  const pixels = deflateSync(Buffer.alloc(hollow ? 0 : bytes));
  return Buffer.concat([
    PNG_SIGNATURE,
    encodeChunk('IHDR', head),
    ...before,
    encodeChunk('IDAT', pixels),
    encodeChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Where each pass of an interlaced PNG begins, and its steps; PNG specification, 8.2. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Ends of bands over so many blocks, in the codes of `manyScans`. */
function endOfBand(blocks: number): Buffer {
  let bits = '';
  for (let left = blocks; left > 0; ) {
    const run = left >= 1 << 14 ? Math.min(left, (1 << 15) - 1) : 1;
    bits += run === 1 ? '10' : `0${(run - (1 << 14)).toString(2).padStart(14, '0')}`;
    left -= run;
  }
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
  const coded = bytes.map((byte) => Number.parseInt(byte, 2));
  // A byte of ones would begin a marker.
  return Buffer.from(coded.flatMap((byte) => (byte === 0xff ? [byte, 0] : [byte])));
}

/** A JPEG's marker, and its data after their length. */
function segment(marker: number, data: readonly number[]): Buffer {
  const length = data.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 0xff, ...data]);
}
