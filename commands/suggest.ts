/** Longer words are nobody's misspelling of an option, and edit distance is quadratic. */
const MAX_WORD_LENGTH = 32;
const MIN_PREFIX_LENGTH = 2;

/** The candidate that `word` most probably meant: a slip of a letter or two, a beginning, or one with a tail. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const typed = word.toLowerCase();
  if (typed.length === 0 || typed.length > MAX_WORD_LENGTH) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = closeness(typed, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Edits between the words; infinite when they are too far apart to be the same word. */
function closeness(typed: string, candidate: string): number {
  const shorter = Math.min(typed.length, candidate.length);
  const distance = editDistance(typed, candidate);
  if (distance <= Math.max(1, Math.floor(shorter / 3)) && distance < shorter) return distance;
  const begins = typed.startsWith(candidate) || candidate.startsWith(typed);
  return begins && shorter >= MIN_PREFIX_LENGTH ? distance : Number.POSITIVE_INFINITY;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(substitution, at(last, column) + 1, at(current, column - 1) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
