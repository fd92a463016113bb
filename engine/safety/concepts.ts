/** What the checker knows of a kind of picture. */
export interface Concepts {
  /** Directions, one a concept. */
  readonly embeddings: readonly Float32Array[];
  /** Cosines above which a picture shows it. */
  readonly thresholds: readonly number[];
}

/** A picture that comes near a special-care concept is judged more strictly. */
const SPECIAL_CARE_ADJUSTMENT = 0.01;

/**
 * Whether a picture shows something unsafe, by its CLIP embedding: diffusers'
 * `StableDiffusionSafetyChecker.forward`, rounding included.
 */
export function isUnsafe(embedding: Float32Array, concepts: Concepts, specialCare: Concepts): boolean {
  const cares = scores(embedding, specialCare, 0).some((score) => score > 0);
  return scores(embedding, concepts, cares ? SPECIAL_CARE_ADJUSTMENT : 0).some((score) => score > 0);
}

/** Cosine above threshold, to three digits. In special care a first hit raises the scores of those after it, not the verdict. */
function scores(embedding: Float32Array, { embeddings, thresholds }: Concepts, adjustment: number): readonly number[] {
  return embeddings.map((direction, i) => {
    return Math.round((cosine(embedding, direction) - (thresholds[i] ?? 0) + adjustment) * 1000) / 1000;
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [p, q] = [a[i] ?? 0, b[i] ?? 0];
    dot += p * q;
    aa += p * p;
    bb += q * q;
  }
  return dot / Math.sqrt(aa * bb);
}
