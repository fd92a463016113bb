/**
 * A large picture's noise predicted in overlapping windows of the size the model knows, and averaged where they overlap
 * (Bar-Tal et al. 2023, "MultiDiffusion"): self-attention over all of it would cost the square of its area.
 */
type Shape = readonly [channels: number, height: number, width: number];

/** Where a window begins, in latents. */
export interface Window {
  readonly top: number;
  readonly left: number;
}

/** The windows that cover a picture; one where it is drawn whole. */
export interface WindowPlan {
  /** Of every window. */
  readonly shape: Shape;
  readonly windows: readonly Window[];
}

/** Of a window's side; the rest is shared with its neighbour. */
const STRIDE = 0.75;

/** When a picture is drawn in windows, and in which: a family of models has its own. */
export interface WindowRules {
  /** In latents. */
  readonly windowSide: number;
  /** Up to this area, in latents, a picture is drawn whole. */
  readonly wholeArea: number;
}

/** One window over all of it unless it is too large. */
export function planWindows(
  [channels, height, width]: Shape,
  { windowSide: side, wholeArea }: WindowRules,
): WindowPlan {
  if (height * width <= wholeArea) return { shape: [channels, height, width], windows: [{ top: 0, left: 0 }] };
  const rows = Math.min(side, height);
  const columns = Math.min(side, width);
  const tops = startsOf(height, rows);
  const lefts = startsOf(width, columns);
  const windows = tops.flatMap((top) => lefts.map((left) => ({ top, left })));
  return { shape: [channels, rows, columns], windows };
}

/** Evenly spaced, the first at the beginning and the last at the end. */
function startsOf(length: number, side: number): readonly number[] {
  const gaps = Math.ceil((length - side) / Math.max(1, Math.floor(side * STRIDE)));
  return Array.from({ length: gaps + 1 }, (_, i) => (gaps === 0 ? 0 : Math.round((i * (length - side)) / gaps)));
}

/** [channels, height, width] of the whole → [channels, rows, columns] of one window. */
export function cutWindow(source: Float32Array, [, height, width]: Shape, plan: WindowPlan, at: Window): Float32Array {
  const [channels, rows, columns] = plan.shape;
  if (rows === height && columns === width) return source;
  const out = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < rows; y += 1) {
      const from = (c * height + at.top + y) * width + at.left;
      out.set(source.subarray(from, from + columns), (c * rows + y) * columns);
    }
  }
  return out;
}

/** The whole, each value the mean of what the windows over it say. @param parts one a window, in order */
export function joinWindows(parts: readonly Float32Array[], shape: Shape, plan: WindowPlan): Float32Array {
  const [first] = parts;
  if (first !== undefined && plan.windows.length === 1) return first;
  const [channels, height, width] = shape;
  const [, rows, columns] = plan.shape;
  const sums = new Float64Array(channels * height * width);
  const counts = new Uint16Array(height * width);
  for (const [k, { top, left }] of plan.windows.entries()) {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const place = (top + y) * width + left + x;
        counts[place] = (counts[place] ?? 0) + 1;
        for (let c = 0; c < channels; c += 1) {
          const value = parts[k]?.[(c * rows + y) * columns + x] ?? 0;
          sums[c * height * width + place] = (sums[c * height * width + place] ?? 0) + value;
        }
      }
    }
  }
  return Float32Array.from(sums, (sum, i) => sum / (counts[i % (height * width)] ?? 1));
}
