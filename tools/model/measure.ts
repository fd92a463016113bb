import { type Lab, labDistance, labOf } from './lab.ts';
import { drawMask, type Mask, normalised, overlap } from './mask.ts';
import { COLOURS, type Rgb, SHAPES } from './vocabulary.ts';

/** A square picture: rows from the top, three bytes a pixel. */
export interface SquarePicture {
  readonly side: number;
  readonly rgb: Uint8Array;
}

/** What a picture shows, without knowing what was asked for; "none" where there is nothing to tell. */
export interface Seen {
  readonly background: string;
  readonly colour: string;
  readonly shape: string;
  /** Overlap (0–1) of the best shape with the picture's. */
  readonly fit: number;
}

/** Pixels at the rim that are taken for background. */
const RIM = 3;
/** Lab distance from the background at which a pixel is surely something else. */
const DISTINCT = 14;
/** Fewer pixels than this are no shape. */
const LEAST_AREA = 80;
/** The best of eleven shapes still has to look like it. */
const LEAST_FIT = 0.7;
const TURN_STEP = 2;

export function measure(picture: SquarePicture): Seen {
  const backdrop = medianColour(picture, rimPixels(picture.side));
  const background = nearestColour(backdrop);
  const distinct = distinctPixels(picture, labOf(backdrop));
  if (distinct.length < LEAST_AREA) return { background, colour: 'none', shape: 'none', fit: 0 };
  const paint = medianColour(picture, innerPixels(distinct, picture.side));
  const { shape, fit } = nearestShape(coveredMask(picture, backdrop, paint));
  return { background, colour: nearestColour(paint), shape, fit };
}

function nearestColour(rgb: Rgb): string {
  const lab = labOf(rgb);
  return best(Object.entries(COLOURS).map(([name, colour]) => [name, -labDistance(lab, labOf(colour))])).name;
}

interface Template {
  readonly shape: string;
  readonly mask: Mask;
}

let templates: readonly Template[] | undefined;

function nearestShape(mask: Mask): { shape: string; fit: number } {
  templates ??= drawTemplates();
  const normal = normalised(mask);
  if (normal === undefined) return { shape: 'none', fit: 0 };
  const { name, score } = best(templates.map(({ shape, mask }) => [shape, overlap(normal, mask)]));
  return { shape: score < LEAST_FIT ? 'none' : name, fit: score };
}

/** Every shape at every rotation that training shows, drawn large so that the grid of pixels does not count. */
function drawTemplates(): readonly Template[] {
  const side = 256;
  return Object.entries(SHAPES).flatMap(([shape, geometry]) => {
    const turns = Math.floor(geometry.turn / TURN_STEP);
    return Array.from({ length: 2 * turns + 1 }, (_, i) => {
      const turn = (i - turns) * TURN_STEP;
      const mask = normalised(drawMask(geometry, side, { centre: [side / 2, side / 2], radius: side / 3, turn }));
      return mask === undefined ? [] : [{ shape, mask }];
    }).flat();
  });
}

/** Pixels nearer to the paint than to the background, along the line between the two colours. */
function coveredMask(picture: SquarePicture, backdrop: Rgb, paint: Rgb): Mask {
  const direction = [paint[0] - backdrop[0], paint[1] - backdrop[1], paint[2] - backdrop[2]] as const;
  const length = direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2;
  const covered = new Uint8Array(picture.side ** 2);
  for (let i = 0; i < covered.length; i++) {
    const [red, green, blue] = pixel(picture, i);
    const along =
      (red - backdrop[0]) * direction[0] + (green - backdrop[1]) * direction[1] + (blue - backdrop[2]) * direction[2];
    if (along > length / 2) covered[i] = 1;
  }
  return { side: picture.side, covered };
}

function distinctPixels(picture: SquarePicture, backdrop: Lab): readonly number[] {
  return Array.from({ length: picture.side ** 2 }, (_, i) => i).filter(
    (i) => labDistance(labOf(pixel(picture, i)), backdrop) > DISTINCT,
  );
}

/** Those with all four neighbours among them, two deep where that leaves enough: edges are mixtures of two colours. */
function innerPixels(pixels: readonly number[], side: number): readonly number[] {
  let kept = pixels;
  for (let round = 0; round < 2; round++) {
    const members = new Set(kept);
    const inner = kept.filter((i) => [i - 1, i + 1, i - side, i + side].every((near) => members.has(near)));
    if (inner.length < LEAST_AREA / 4) break;
    kept = inner;
  }
  return kept;
}

function rimPixels(side: number): readonly number[] {
  const isRim = (v: number) => v < RIM || v >= side - RIM;
  return Array.from({ length: side ** 2 }, (_, i) => i).filter((i) => isRim(i % side) || isRim(Math.floor(i / side)));
}

function medianColour(picture: SquarePicture, pixels: readonly number[]): Rgb {
  const median = (channel: 0 | 1 | 2) => {
    const values = pixels.map((i) => pixel(picture, i)[channel]).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? 0;
  };
  return [median(0), median(1), median(2)];
}

function pixel({ rgb }: SquarePicture, i: number): Rgb {
  return [rgb[3 * i] ?? 0, rgb[3 * i + 1] ?? 0, rgb[3 * i + 2] ?? 0];
}

function best(scored: readonly (readonly [name: string, score: number])[]): { name: string; score: number } {
  const [name, score] = scored.reduce((top, entry) => (entry[1] > top[1] ? entry : top), ['none', -Infinity] as const);
  return { name, score };
}
