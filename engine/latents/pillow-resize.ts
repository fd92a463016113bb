import type { RgbImage } from '../picture.ts';

/** Filters by the support they have at scale 1; Pillow's `src/libImaging/Resample.c`. */
const FILTERS = {
  bicubic: { support: 2, weight: keysCubic },
  lanczos: { support: 3, weight: lanczos3 },
} as const;
/** Pillow's resampling filters, by its names. */
export type ResizeFilter = keyof typeof FILTERS;

interface Taps {
  readonly start: number;
  readonly weights: readonly number[];
}

/**
 * Resizes as Pillow's `Image.resize` does: first across, then down, each pass rounded to bytes; a picture that shrinks
 * is filtered, so that nothing is skipped. Pillow 13 goes down first in some tall pictures, which shows only where a
 * filter overshoots black or white.
 */
export function resizePicture(image: RgbImage, width: number, height: number, filter: ResizeFilter): RgbImage {
  const across = image.width === width ? image.rgb : resizeRows(image, tapsOf(image.width, width, filter));
  const rgb = image.height === height ? across : resizeColumns(across, width, tapsOf(image.height, height, filter));
  return { width, height, rgb };
}

function resizeRows({ rgb, width, height }: RgbImage, taps: readonly Taps[]): Uint8Array {
  const out = new Uint8Array(height * taps.length * 3);
  for (let y = 0; y < height; y += 1) {
    for (const [x, { start, weights }] of taps.entries()) {
      for (let c = 0; c < 3; c += 1) {
        let sum = 0;
        for (const [k, weight] of weights.entries()) sum += weight * (rgb[(y * width + start + k) * 3 + c] ?? 0);
        out[(y * taps.length + x) * 3 + c] = toByte(sum);
      }
    }
  }
  return out;
}

function resizeColumns(rgb: Uint8Array, width: number, taps: readonly Taps[]): Uint8Array {
  const stride = width * 3;
  const out = new Uint8Array(taps.length * stride);
  for (const [y, { start, weights }] of taps.entries()) {
    for (let i = 0; i < stride; i += 1) {
      let sum = 0;
      for (const [k, weight] of weights.entries()) sum += weight * (rgb[(start + k) * stride + i] ?? 0);
      out[y * stride + i] = toByte(sum);
    }
  }
  return out;
}

function tapsOf(from: number, to: number, name: ResizeFilter): readonly Taps[] {
  const filter = FILTERS[name];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), from);
    const raw = Array.from({ length: end - start }, (__, k) => filter.weight((k + start - centre + 0.5) / stretch));
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { start, weights: raw.map((weight) => weight / total) };
  });
}

function toByte(value: number): number {
  return Math.min(Math.max(Math.floor(value + 0.5), 0), 255);
}

/** Keys 1981 with A = −0.5. */
function keysCubic(value: number): number {
  const x = Math.abs(value);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function lanczos3(x: number): number {
  return Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
