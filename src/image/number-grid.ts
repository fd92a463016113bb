import type { RgbImage } from '../../engine/index.ts';
import { layGrid } from './grid.ts';

type Point = readonly [x: number, y: number];

/** Straight pieces of a curve. */
const ARC_STEPS = 16;

/** Strokes in a box of 10 × 14, since a bare machine has no font to write with. */
const DIGITS: readonly (readonly Point[])[] = [
  [
    [3, 4],
    [6, 1],
    [6, 13],
  ],
  [...arc([5, 4.5], 3.5, 180, 360), ...curve([8.5, 4.5], [8.5, 7.5], [1.5, 9.5], [1.5, 13]), [8.5, 13]],
  [[1.5, 1], [8.5, 1], [4.5, 6], ...arc([4.56, 9.6], 3.6, 269, 508)],
  [
    [6.5, 13],
    [6.5, 1],
    [1, 9.5],
    [9, 9.5],
  ],
];
/** Of a stroke, in units of its box. */
const STROKE_RADIUS = 1;
/** A disc's radius, as a share of a picture's shorter side. */
const RADIUS_SHARE = 1 / 22;
const MIN_RADIUS = 7;
const DISC_OPACITY = 0.6;

/** The grid with a small number in the upper left corner of each picture, as U1–U4 and V1–V4 name them. */
export function numberGrid(
  grid: RgbImage,
  count: number,
  size: { readonly width: number; readonly height: number },
): RgbImage {
  const { corners } = layGrid(count, size);
  const radius = Math.max(MIN_RADIUS, Math.round(Math.min(size.width, size.height) * RADIUS_SHARE));
  const numbered = { ...grid, rgb: grid.rgb.slice() };
  for (const [index, { left, top }] of corners.entries()) {
    drawNumber(numbered, [left + radius * 1.5, top + radius * 1.5], radius, DIGITS[index] ?? []);
  }
  return numbered;
}

/** A white digit on a dark disc. Edges are smooth: a pixel is covered as far as its middle is inside, within ±0.5. */
function drawNumber({ width, height, rgb }: RgbImage, [cx, cy]: Point, radius: number, digit: readonly Point[]): void {
  const scale = (radius * 1.1) / 14;
  const stroke = digit.map(([x, y]): Point => [cx + (x - 5) * scale, cy + (y - 7) * scale]);
  for (let y = Math.floor(cy - radius); y <= Math.min(cy + radius, height - 1); y++) {
    for (let x = Math.floor(cx - radius); x <= Math.min(cx + radius, width - 1); x++) {
      const middle: Point = [x + 0.5, y + 0.5];
      const dark = DISC_OPACITY * coverage(radius - Math.hypot(middle[0] - cx, middle[1] - cy));
      const light = coverage(STROKE_RADIUS * scale - distanceToLine(middle, stroke));
      const offset = (y * width + x) * 3;
      for (let channel = offset; channel < offset + 3; channel++) {
        const shaded = (rgb[channel] ?? 0) * (1 - dark);
        rgb[channel] = Math.round(shaded + (255 - shaded) * light);
      }
    }
  }
}

/** @param inside pixels from the edge, negative outside */
function coverage(inside: number): number {
  return Math.min(1, Math.max(0, inside + 0.5));
}

function distanceToLine(point: Point, line: readonly Point[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 1; i < line.length; i++) {
    const [from, to] = [line[i - 1] ?? point, line[i] ?? point];
    nearest = Math.min(nearest, distanceToSegment(point, from, to));
  }
  return nearest;
}

function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/** Clockwise, in degrees from the right. */
function arc([cx, cy]: Point, radius: number, from: number, to: number): Point[] {
  return Array.from({ length: ARC_STEPS + 1 }, (_, step): Point => {
    const angle = ((from + ((to - from) * step) / ARC_STEPS) * Math.PI) / 180;
    return [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
  });
}

/** A cubic Bézier curve. */
function curve(start: Point, first: Point, second: Point, end: Point): Point[] {
  return Array.from({ length: ARC_STEPS + 1 }, (_, step): Point => {
    const t = step / ARC_STEPS;
    const at = (axis: 0 | 1) =>
      (1 - t) ** 3 * start[axis] +
      3 * (1 - t) ** 2 * t * first[axis] +
      3 * (1 - t) * t ** 2 * second[axis] +
      t ** 3 * end[axis];
    return [at(0), at(1)];
  });
}
