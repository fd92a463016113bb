import type { ResampleMode } from '../upscale-settings.ts';

type Shape = readonly [channels: number, height: number, width: number];

/** What a value of the result is made of. */
type Taps = readonly { readonly index: number; readonly weight: number }[];

/** torch's `interpolate(…, align_corners=False)` of [channels, height, width], in all of its plain modes. */
export function resample(source: Float32Array, shape: Shape, height: number, width: number, mode: ResampleMode) {
  const narrow = alongRows(source, shape, tapsOf(shape[2], width, mode));
  return alongColumns(narrow, [shape[0], shape[1], width], tapsOf(shape[1], height, mode));
}

function alongRows(source: Float32Array, [channels, height, width]: Shape, columns: readonly Taps[]): Float64Array {
  const out = new Float64Array(channels * height * columns.length);
  for (let row = 0; row < channels * height; row += 1) {
    for (const [x, taps] of columns.entries()) {
      for (const { index, weight } of taps) {
        out[row * columns.length + x] =
          (out[row * columns.length + x] ?? 0) + weight * (source[row * width + index] ?? 0);
      }
    }
  }
  return out;
}

function alongColumns(source: Float64Array, [channels, height, width]: Shape, rows: readonly Taps[]): Float32Array {
  const out = new Float32Array(channels * rows.length * width);
  for (let c = 0; c < channels; c += 1) {
    for (const [y, taps] of rows.entries()) {
      for (let x = 0; x < width; x += 1) {
        const sum = taps.reduce((all, { index, weight }) => {
          return all + weight * (source[(c * height + index) * width + x] ?? 0);
        }, 0);
        out[(c * rows.length + y) * width + x] = sum;
      }
    }
  }
  return out;
}

function tapsOf(from: number, to: number, mode: ResampleMode): readonly Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => TAPS[mode](i, scale, from));
}

const TAPS: Readonly<Record<ResampleMode, (i: number, scale: number, length: number) => Taps>> = {
  nearest: (i, scale, length) => [{ index: Math.min(Math.floor(i * scale), length - 1), weight: 1 }],
  bilinear: (i, scale, length) => bilinearTaps(Math.max((i + 0.5) * scale - 0.5, 0), length),
  bicubic: (i, scale, length) => bicubicTaps((i + 0.5) * scale - 0.5, length),
};

function bilinearTaps(at: number, length: number): Taps {
  const low = Math.min(Math.floor(at), length - 1);
  const share = at - low;
  return [
    { index: low, weight: 1 - share },
    { index: Math.min(low + 1, length - 1), weight: share },
  ];
}

/** Keys 1981 with A = −0.75; values beyond the edge are the edge's. */
const A = -0.75;

function bicubicTaps(at: number, length: number): Taps {
  const base = Math.floor(at);
  return [-1, 0, 1, 2].map((offset) => ({
    index: Math.min(Math.max(base + offset, 0), length - 1),
    weight: cubic(Math.abs(at - base - offset)),
  }));
}

function cubic(distance: number): number {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
  return ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
}
