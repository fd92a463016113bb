/** Side of the window, in pixels. */
const WINDOW = 8;
/** Wang et al. 2004: (0.01 · 255)² and (0.03 · 255)². */
const C1 = 6.5025;
const C2 = 58.5225;

/**
 * Structural similarity (Wang et al. 2004) of two RGB pictures of the same size: the mean over all windows of 8×8 pixels,
 * half a window apart, and over the three channels. 1 for equal pictures.
 */
export function ssim(a: Uint8Array, b: Uint8Array, width: number, height: number): number {
  let sum = 0;
  let windows = 0;
  for (let y = 0; y + WINDOW <= height; y += WINDOW / 2) {
    for (let x = 0; x + WINDOW <= width; x += WINDOW / 2) {
      for (let channel = 0; channel < 3; channel += 1) {
        sum += windowSsim(a, b, width, x, y, channel);
        windows += 1;
      }
    }
  }
  return sum / windows;
}

function windowSsim(a: Uint8Array, b: Uint8Array, width: number, left: number, top: number, channel: number): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + WINDOW; y += 1) {
    for (let x = left; x < left + WINDOW; x += 1) {
      const at = 3 * (y * width + x) + channel;
      const p = a[at] ?? 0;
      const q = b[at] ?? 0;
      sumA += p;
      sumB += q;
      squaresA += p * p;
      squaresB += q * q;
      products += p * q;
    }
  }
  const count = WINDOW * WINDOW;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const varianceA = squaresA / count - meanA * meanA;
  const varianceB = squaresB / count - meanB * meanB;
  const covariance = products / count - meanA * meanB;
  return (
    ((2 * meanA * meanB + C1) * (2 * covariance + C2)) /
    ((meanA * meanA + meanB * meanB + C1) * (varianceA + varianceB + C2))
  );
}
