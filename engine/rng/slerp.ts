/** Above this mean cosine the two directions are too close for the sine to divide by. */
const NEARLY_PARALLEL = 0.9995;

/**
 * Spherical interpolation between two noises [channels, height, width], by AUTOMATIC1111's rule (`modules/rng.py`):
 * angles are taken per channel and column, over the rows, since `norm(dim=1)` there meets a tensor without batch.
 */
export function slerp(
  weight: number,
  low: Float32Array,
  high: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Float32Array {
  const angles = new Float64Array(channels * width);
  let dotSum = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let x = 0; x < width; x += 1) {
      const cosine = columnCosine(low, high, c * height * width + x, height, width);
      dotSum += cosine;
      angles[c * width + x] = Math.acos(cosine);
    }
  }
  const parallel = dotSum / angles.length > NEARLY_PARALLEL;
  return Float32Array.from(low, (a, i) => {
    const b = high[i] ?? 0;
    if (parallel) return a * weight + b * (1 - weight);
    const omega = angles[Math.floor(i / (height * width)) * width + (i % width)] ?? 0;
    const sine = Math.sin(omega);
    return (Math.sin((1 - weight) * omega) / sine) * a + (Math.sin(weight * omega) / sine) * b;
  });
}

function columnCosine(a: Float32Array, b: Float32Array, start: number, height: number, stride: number): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let y = 0; y < height; y += 1) {
    const p = a[start + y * stride] ?? 0;
    const q = b[start + y * stride] ?? 0;
    dot += p * q;
    aa += p * p;
    bb += q * q;
  }
  return dot / Math.sqrt(aa * bb);
}
