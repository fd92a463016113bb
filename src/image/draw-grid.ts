import type { RgbImage } from '../../engine/index.ts';
import { decodePng, encodePng, enlarge } from './encode.ts';
import { composeGrid } from './grid.ts';
import { numberGrid } from './number-grid.ts';

/** PNG bytes, sides in pixels. */
export interface EncodedPicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Finished pictures in one, in reading order. @param parameters for the grid's own `parameters` text */
export async function drawGrid(
  pngs: readonly Uint8Array[],
  parameters?: string,
  { numbered = false }: { readonly numbered?: boolean } = {},
): Promise<EncodedPicture> {
  const images = await Promise.all(pngs.map(decodePng));
  const [first] = images;
  const plain = composeGrid(images);
  const grid = numbered && first !== undefined ? numberGrid(plain, images.length, first) : plain;
  return { png: await encodePng(grid, parameters), width: grid.width, height: grid.height };
}

/**
 * Previews, each enlarged smoothly to the size of a finished picture, in one as large as the finished grid.
 * @param size pixels of one finished picture
 */
export async function drawPreview(
  previews: readonly RgbImage[],
  size: { readonly width: number; readonly height: number },
): Promise<EncodedPicture> {
  const enlarged = previews.map((preview) => enlarge(preview, size.width, size.height));
  const grid = composeGrid(await Promise.all(enlarged));
  return { png: await encodePng(grid), width: grid.width, height: grid.height };
}
