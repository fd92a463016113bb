import type { RgbImage } from '../../engine/index.ts';

/** Pixels between pictures: a 128th of a side, so that it looks alike at every size. */
const GAP_SHARE = 1 / 128;
const MIN_GAP = 2;
/** Discord's dark surface, near to the other platforms' dark ones and quiet on light ones. */
const GAP_RGB = [0x2b, 0x2d, 0x31] as const;

/**
 * Pictures of one size in reading order: one is itself, two side by side, up to four in 2×2 (an empty place stays dark).
 * @throws RangeError for no picture at all or for different sizes
 */
export function composeGrid(images: readonly RgbImage[]): RgbImage {
  const [first] = images;
  if (first === undefined) throw new RangeError('a grid needs a picture');
  if (images.length === 1) return first;
  const columns = Math.ceil(Math.sqrt(images.length));
  const rows = Math.ceil(images.length / columns);
  const gap = Math.max(MIN_GAP, Math.round(Math.max(first.width, first.height) * GAP_SHARE));
  const grid = blank(columns * (first.width + gap) - gap, rows * (first.height + gap) - gap);
  for (const [index, image] of images.entries()) {
    if (image.width !== first.width || image.height !== first.height) {
      throw new RangeError('the pictures of a grid have one size');
    }
    paste(grid, image, (index % columns) * (first.width + gap), Math.floor(index / columns) * (first.height + gap));
  }
  return grid;
}

function blank(width: number, height: number): RgbImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let offset = 0; offset < rgb.length; offset += 3) rgb.set(GAP_RGB, offset);
  return { width, height, rgb };
}

function paste(grid: RgbImage, image: RgbImage, left: number, top: number): void {
  const rowBytes = image.width * 3;
  for (let y = 0; y < image.height; y++) {
    grid.rgb.set(image.rgb.subarray(y * rowBytes, (y + 1) * rowBytes), ((top + y) * grid.width + left) * 3);
  }
}
