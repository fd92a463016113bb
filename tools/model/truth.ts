import { drawMask } from './mask.ts';
import type { SquarePicture } from './measure.ts';
import { COLOURS, SHAPES, type Wanted } from './vocabulary.ts';

const SIDE = 128;
const OVERSAMPLE = 3;

/**
 * The picture a perfect model would draw, antialiased, with place, size and rotation taken from `random`:
 * what the measure itself is checked with.
 */
export function drawTruth({ colour, shape, background }: Wanted, random: () => number): SquarePicture {
  const geometry = SHAPES[shape];
  const paint = COLOURS[colour];
  const backdrop = COLOURS[background];
  if (geometry === undefined || paint === undefined || backdrop === undefined) {
    throw new Error(`No such picture: ${colour} ${shape} on ${background}.`);
  }
  const between = (low: number, high: number) => low + (high - low) * random();
  const mask = drawMask(geometry, SIDE * OVERSAMPLE, {
    centre: [OVERSAMPLE * between(54, 74), OVERSAMPLE * between(54, 74)],
    radius: OVERSAMPLE * between(24, 44),
    turn: between(-geometry.turn, geometry.turn),
  });
  const coverage = new Float32Array(SIDE * SIDE);
  mask.covered.forEach((value, i) => {
    const x = Math.floor((i % mask.side) / OVERSAMPLE);
    const y = Math.floor(Math.floor(i / mask.side) / OVERSAMPLE);
    coverage[y * SIDE + x] = (coverage[y * SIDE + x] ?? 0) + value / OVERSAMPLE ** 2;
  });
  const rgb = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    const share = coverage[Math.floor(i / 3)] ?? 0;
    return Math.round((paint[i % 3] ?? 0) * share + (backdrop[i % 3] ?? 0) * (1 - share));
  });
  return { side: SIDE, rgb };
}
