/**
 * Bilinear resampling of [channels, height, width], pixel centres aligned as in torch's
 * `interpolate(mode='bilinear', align_corners=False)`.
 */
export function resampleBilinear(
  source: Float32Array,
  [channels, height, width]: readonly [number, number, number],
  newHeight: number,
  newWidth: number,
): Float32Array {
  const rows = weights(height, newHeight);
  const columns = weights(width, newWidth);
  const out = new Float32Array(channels * newHeight * newWidth);
  let at = 0;
  for (let c = 0; c < channels; c += 1) {
    const plane = source.subarray(c * height * width, (c + 1) * height * width);
    for (const row of rows) {
      for (const column of columns) {
        const top = mix(plane, row.low * width, column);
        const bottom = mix(plane, row.high * width, column);
        out[at] = top + (bottom - top) * row.share;
        at += 1;
      }
    }
  }
  return out;
}

interface Weight {
  readonly low: number;
  readonly high: number;
  /** Of `high`. */
  readonly share: number;
}

function weights(from: number, to: number): readonly Weight[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max((i + 0.5) * scale - 0.5, 0);
    const low = Math.min(Math.floor(at), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: at - low };
  });
}

function mix(plane: Float32Array, rowStart: number, { low, high, share }: Weight): number {
  const a = plane[rowStart + low] ?? 0;
  return a + ((plane[rowStart + high] ?? 0) - a) * share;
}
