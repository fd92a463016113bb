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
  const { width, height, corners } = layGrid(images.length, first);
  const grid = blank(width, height);
  for (const [index, { left, top }] of corners.entries()) {
    const image = images[index];
    if (image?.width !== first.width || image.height !== first.height) {
      throw new RangeError('the pictures of a grid have one size');
    }
    paste(grid, image, left, top);
  }
  return grid;
}

/** A grid's sides and its pictures' upper left corners, in pixels. */
export interface GridLayout {
  readonly width: number;
  readonly height: number;
  readonly corners: readonly { readonly left: number; readonly top: number }[];
}

/** @param size pixels of one picture */
export function layGrid(count: number, size: { readonly width: number; readonly height: number }): GridLayout {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const gap = Math.max(MIN_GAP, Math.round(Math.max(size.width, size.height) * GAP_SHARE));
  const [right, down] = [size.width + gap, size.height + gap];
  return {
    width: columns * right - gap,
    height: rows * down - gap,
    corners: Array.from({ length: count }, (_, index) => ({
      left: (index % columns) * right,
      top: Math.floor(index / columns) * down,
    })),
  };
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
