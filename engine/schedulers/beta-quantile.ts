/** Both parameters of the distribution: Lee et al. 2024 ("Beta Sampling is All You Need"), as in diffusers. */
const SHAPE = 0.6;
/** B(0.6, 0.6) = Γ(0.6)² / Γ(1.2). */
const BETA_FUNCTION = 1.489192248812817 ** 2 / 0.9181687423997607;
/** Halvings of [0, 1] until float64 can tell no further. */
const HALVINGS = 60;
const FRACTION_TERMS = 200;
const TINY = 1e-300;

/** x with I_x(0.6, 0.6) = p, for p in 0…1. scipy: `stats.beta.ppf(p, 0.6, 0.6)`. */
export function betaQuantile(p: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, a). The fraction converges fast below the middle; above, the distribution is its own mirror image. */
function incompleteBeta(x: number): number {
  if (x > 0.5) return 1 - incompleteBeta(1 - x);
  return ((x * (1 - x)) ** SHAPE / (SHAPE * BETA_FUNCTION)) * continuedFraction(x);
}

/** DLMF 8.17.22, by Lentz's method. */
function continuedFraction(x: number): number {
  const a = SHAPE;
  let c = 1;
  let d = 1 / notZero(1 - (2 * a * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= FRACTION_TERMS; m += 1) {
    const even = (m * (a - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (2 * a + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < Number.EPSILON) break;
  }
  return value;
}

function notZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
