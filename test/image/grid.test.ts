import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../engine/index.ts';
import { drawGrid, drawPreview } from '../../src/image/draw-grid.ts';
import { decodePng, encodePng, encodeWebp, enlarge } from '../../src/image/encode.ts';
import { composeGrid } from '../../src/image/grid.ts';
import { readParameters } from '../../src/image/png-text.ts';

type Rgb = readonly [red: number, green: number, blue: number];
const RED: Rgb = [255, 0, 0];
const GREEN: Rgb = [0, 255, 0];
const BLUE: Rgb = [0, 0, 255];
const WHITE: Rgb = [255, 255, 255];
const GAP: Rgb = [0x2b, 0x2d, 0x31];

function plain(width: number, height: number, colour: Rgb): RgbImage {
  return { width, height, rgb: Uint8Array.from({ length: width * height * 3 }, (_, index) => colour[index % 3] ?? 0) };
}

function colourAt(image: RgbImage, x: number, y: number): number[] {
  const offset = (y * image.width + x) * 3;
  return [...image.rgb.subarray(offset, offset + 3)];
}

describe('a numbered grid', () => {
  it('bears a different number in the corner of each picture and leaves the rest as it is', async () => {
    const pngs = await Promise.all([1, 2, 3, 4].map(() => encodePng(plain(128, 128, BLUE))));
    const grid = await decodePng((await drawGrid(pngs, undefined, { numbered: true })).png);
    const cornerOf = (left: number, top: number) => {
      const rows = Array.from({ length: 20 }, (_, y) => (top + y) * grid.width + left);
      return rows.flatMap((row) => [...grid.rgb.subarray(row * 3, (row + 20) * 3)]);
    };
    const right = grid.width - 128;
    const corners = [cornerOf(0, 0), cornerOf(right, 0), cornerOf(0, right), cornerOf(right, right)];
    expect(new Set(corners.map((corner) => corner.join())).size).toBe(4);
    for (const corner of corners) expect(corner.filter((value) => value === 255).length).toBeGreaterThan(100);
    expect(colourAt(grid, 64, 64)).toEqual(BLUE);
    expect(colourAt(grid, 24, 10)).toEqual(BLUE);
    expect(colourAt(grid, right + 64, right + 64)).toEqual(BLUE);
  });
});

describe('a grid', () => {
  it('of four stands in reading order with a thin gap', () => {
    const grid = composeGrid([RED, GREEN, BLUE, WHITE].map((colour) => plain(16, 8, colour)));
    expect([grid.width, grid.height]).toEqual([34, 18]);
    expect(colourAt(grid, 0, 0)).toEqual(RED);
    expect(colourAt(grid, 15, 7)).toEqual(RED);
    expect(colourAt(grid, 16, 0)).toEqual(GAP);
    expect(colourAt(grid, 18, 0)).toEqual(GREEN);
    expect(colourAt(grid, 0, 9)).toEqual(GAP);
    expect(colourAt(grid, 0, 10)).toEqual(BLUE);
    expect(colourAt(grid, 33, 17)).toEqual(WHITE);
  });

  it('of one is that picture, of two a row, of three has an empty place', () => {
    const one = plain(16, 8, RED);
    expect(composeGrid([one])).toBe(one);
    const two = composeGrid([one, plain(16, 8, GREEN)]);
    expect([two.width, two.height]).toEqual([34, 8]);
    const three = composeGrid([one, one, plain(16, 8, BLUE)]);
    expect([three.width, three.height]).toEqual([34, 18]);
    expect(colourAt(three, 0, 17)).toEqual(BLUE);
    expect(colourAt(three, 33, 17)).toEqual(GAP);
  });

  it('needs pictures, of one size', () => {
    expect(() => composeGrid([])).toThrow(RangeError);
    expect(() => composeGrid([plain(16, 8, RED), plain(8, 16, RED)])).toThrow(RangeError);
  });

  it('is drawn from PNGs and keeps what it is told of them', async () => {
    const pngs = await Promise.all([RED, GREEN].map((colour) => encodePng(plain(16, 8, colour), 'one of them')));
    const drawn = await drawGrid(pngs, 'a fox');
    expect([drawn.width, drawn.height]).toEqual([34, 8]);
    expect(await sharp(drawn.png).metadata()).toMatchObject({ format: 'png', width: 34, height: 8, channels: 3 });
    expect(await readParameters(drawn.png)).toBe('a fox');
    expect(colourAt(await decodePng(drawn.png), 33, 7)).toEqual(GREEN);
  });
});

describe('a preview', () => {
  it('is enlarged smoothly to the size of the finished grid', async () => {
    const black: Rgb = [0, 0, 0];
    const half = plain(4, 4, black);
    for (let y = 0; y < 4; y++) half.rgb.set([...WHITE, ...WHITE], (y * 4 + 2) * 3);
    const drawn = await drawPreview([half, half, half, half], { width: 32, height: 32 });
    expect([drawn.width, drawn.height]).toEqual([66, 66]);
    const row = await decodePng(drawn.png);
    const reds = Array.from({ length: 32 }, (_, x) => colourAt(row, x, 16)[0] ?? -1);
    expect(reds[0]).toBeLessThan(12);
    expect(reds[31]).toBeGreaterThan(243);
    expect(reds.filter((red) => red > 24 && red < 231).length).toBeGreaterThan(3);
  });
});

describe('encoding', () => {
  it('gives back every pixel of a PNG, also from a pixel buffer that is part of a larger one', async () => {
    const shared = Uint8Array.from({ length: 200 }, (_, index) => (index * 37) % 256);
    const image = { width: 5, height: 4, rgb: shared.subarray(30, 90) };
    expect((await decodePng(await encodePng(image))).rgb).toEqual(new Uint8Array(image.rgb));
  });

  it('makes WebP where that is asked for, and leaves a picture of the right size alone', async () => {
    const image = plain(16, 8, RED);
    expect(await sharp(await encodeWebp(image)).metadata()).toMatchObject({ format: 'webp', width: 16, height: 8 });
    expect(await enlarge(image, 16, 8)).toBe(image);
  });
});
