import sharp from 'sharp';
import type { RgbImage } from '../../engine/index.ts';
import { layGrid } from './grid.ts';

/** Strokes in a box of 10 × 14, since a bare machine has no font to write with. */
const DIGITS = [
  'M3 4 L6 1 V13',
  'M1.5 4.5 A3.5 3.5 0 0 1 8.5 4.5 C8.5 7.5 1.5 9.5 1.5 13 H8.5',
  'M1.5 1 H8.5 L4.5 6 A3.6 3.6 0 1 1 1.5 11.5',
  'M6.5 13 V1 L1 9.5 H9',
] as const;
/** A disc's radius, as a share of a picture's shorter side. */
const RADIUS_SHARE = 1 / 22;
const MIN_RADIUS = 7;

/** The grid with a small number in the upper left corner of each picture, as U1–U4 and V1–V4 name them. */
export async function numberGrid(
  grid: RgbImage,
  count: number,
  size: { readonly width: number; readonly height: number },
): Promise<RgbImage> {
  const { width, height, corners } = layGrid(count, size);
  const radius = Math.max(MIN_RADIUS, Math.round(Math.min(size.width, size.height) * RADIUS_SHARE));
  const discs = corners.map(({ left, top }, index) => {
    const [x, y] = [left + radius * 1.5, top + radius * 1.5];
    const scale = (radius * 1.1) / 14;
    return `<circle cx="${x}" cy="${y}" r="${radius}" fill="#000" fill-opacity="0.6"/>
      <path d="${DIGITS[index] ?? ''}" transform="translate(${x - 5 * scale} ${y - 7 * scale}) scale(${scale})"
        fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${discs.join('')}</svg>`;
  const pixels = sharp(grid.rgb, { raw: { width, height, channels: 3 } }).composite([{ input: Buffer.from(svg) }]);
  return { width, height, rgb: new Uint8Array(await pixels.removeAlpha().raw().toBuffer()) };
}
