import type { Point, Shape } from './vocabulary.ts';

/** Which pixels of a square a shape covers; 1 is covered, rows from the top. */
export interface Mask {
  readonly side: number;
  readonly covered: Uint8Array;
}

/** Places a shape's unit square in a picture. */
export interface Placement {
  readonly centre: Point;
  /** Pixels per unit. */
  readonly radius: number;
  /** Degrees clockwise. */
  readonly turn: number;
}

/** The pixels whose centres lie inside the shape. */
export function drawMask(shape: Shape, side: number, placement: Placement): Mask {
  const contours = shape.contours.map((contour) => contour.map((point) => placed(point, placement)));
  const covered = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const point: Point = [x + 0.5, y + 0.5];
      const [outline, ...holes] = contours.map((contour) => isInside(point, contour));
      if (outline === true && !holes.includes(true)) covered[y * side + x] = 1;
    }
  }
  return { side, covered };
}

/** Half-width of a normalised mask's frame, in square roots of the covered area: every shape fits with room to spare. */
const FRAME = 1.6;
const NORMAL_SIDE = 64;

/** The mask moved to its centroid and scaled to a fixed area, so that only form and rotation are left. */
export function normalised({ side, covered }: Mask): Mask | undefined {
  let [area, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i < covered.length; i++) {
    if (covered[i] !== 1) continue;
    area += 1;
    sumX += (i % side) + 0.5;
    sumY += Math.floor(i / side) + 0.5;
  }
  if (area === 0) return undefined;
  const half = FRAME * Math.sqrt(area);
  const normal = new Uint8Array(NORMAL_SIDE * NORMAL_SIDE);
  for (let y = 0; y < NORMAL_SIDE; y++) {
    for (let x = 0; x < NORMAL_SIDE; x++) {
      const fromX = Math.floor(sumX / area + (((x + 0.5) / NORMAL_SIDE) * 2 - 1) * half);
      const fromY = Math.floor(sumY / area + (((y + 0.5) / NORMAL_SIDE) * 2 - 1) * half);
      const inside = fromX >= 0 && fromX < side && fromY >= 0 && fromY < side;
      if (inside && covered[fromY * side + fromX] === 1) normal[y * NORMAL_SIDE + x] = 1;
    }
  }
  return { side: NORMAL_SIDE, covered: normal };
}

/** Intersection over union, 0–1. */
export function overlap(one: Mask, other: Mask): number {
  let [both, either] = [0, 0];
  one.covered.forEach((value, i) => {
    both += value & (other.covered[i] ?? 0);
    either += value | (other.covered[i] ?? 0);
  });
  return either === 0 ? 0 : both / either;
}

function placed([x, y]: Point, { centre, radius, turn }: Placement): Point {
  const angle = (turn * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [centre[0] + radius * (x * cos - y * sin), centre[1] + radius * (x * sin + y * cos)];
}

function isInside([x, y]: Point, contour: readonly Point[]): boolean {
  let inside = false;
  let previous = contour.at(-1);
  for (const point of contour) {
    if (previous !== undefined && point[1] > y !== previous[1] > y) {
      const crossing = point[0] + ((y - point[1]) / (previous[1] - point[1])) * (previous[0] - point[0]);
      if (x < crossing) inside = !inside;
    }
    previous = point;
  }
  return inside;
}
