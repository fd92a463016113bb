import type { RgbImage } from '../../engine/index.ts';
import { decodePng, encodePng, enlarge } from './encode.ts';
import { composeGrid } from './grid.ts';

/** PNG bytes, sides in pixels. */
export interface EncodedPicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Latents have a pixel for each 8×8 of the picture, so this shows previews at the picture's own size. */
const PREVIEW_FACTOR = 8;

/** Finished pictures in one, in reading order. @param parameters for the grid's own `parameters` text */
export async function drawGrid(pngs: readonly Uint8Array[], parameters?: string): Promise<EncodedPicture> {
  const grid = composeGrid(await Promise.all(pngs.map(decodePng)));
  return { png: await encodePng(grid, parameters), width: grid.width, height: grid.height };
}

/** Previews at latent size, enlarged smoothly into one picture as large as the finished grid. */
export async function drawPreview(previews: readonly RgbImage[]): Promise<EncodedPicture> {
  const enlarged = previews.map((preview) =>
    enlarge(preview, preview.width * PREVIEW_FACTOR, preview.height * PREVIEW_FACTOR),
  );
  const grid = composeGrid(await Promise.all(enlarged));
  return { png: await encodePng(grid), width: grid.width, height: grid.height };
}
