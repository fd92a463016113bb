/**
 * What is said of a name that is not there: of few names all, of many the nearest and how many more there are. No
 * sentence grows with the number of names.
 */

/** Characters; longer words are nobody's misspelling, and edit distance is quadratic. */
const MAX_WORD_LENGTH = 64;
const MIN_PREFIX_LENGTH = 2;
/** Shorter parts stand in too many names to say which was meant. */
const MIN_PART_LENGTH = 3;
/** Names of a list, and its characters, that a sentence still takes. */
const MAX_LISTED = 12;
const MAX_LIST_LENGTH = 400;
const MAX_NEAR = 3;

/** The candidate that `word` most probably meant: a slip of a letter or two, a beginning, or one with a tail. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  return near(word, candidates)[0];
}

/** The few candidates that `word` may have meant, the most probable first; then those that it is a part of. */
export function nearestNames(word: string, candidates: readonly string[]): readonly string[] {
  const part = word.toLowerCase();
  const within = (candidate: string) => part.length >= MIN_PART_LENGTH && candidate.toLowerCase().includes(part);
  return [...new Set([...near(word, candidates), ...candidates.filter(within)])].slice(0, MAX_NEAR);
}

/** `a, b, c`, as many as a sentence takes, and how many more there are. */
export function listNames(names: readonly string[], most = MAX_LISTED, length = MAX_LIST_LENGTH): string {
  let shown = 0;
  for (let total = 0; shown < Math.min(names.length, most); shown += 1) {
    total += (names[shown]?.length ?? 0) + 2;
    if (total > length) break;
  }
  const list = names.slice(0, shown).join(', ');
  const more = names.length - shown;
  if (more === 0) return list;
  return shown === 0 ? `${more} of them` : `${list} and ${more} more`;
}

/** The second half of a sentence about a name that is not among those known, without its full stop. */
export function adviseName(word: string, known: readonly string[]): string {
  const isShort = known.length <= MAX_LISTED && known.join(', ').length <= MAX_LIST_LENGTH;
  const meant = isShort ? [] : nearestNames(word, known).filter((name) => name.length <= MAX_WORD_LENGTH);
  if (meant.length === 0) return `use one of ${listNames(known)}`;
  const more = known.length - meant.length;
  return `did you mean ${alternatives(meant)}? There ${more === 1 ? 'is 1 more' : `are ${more} more`}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** Somebody's own word within a sentence: its beginning, where it is long. */
export function shorten(word: string): string {
  const characters = [...word];
  return characters.length <= MAX_WORD_LENGTH ? word : `${characters.slice(0, MAX_WORD_LENGTH - 1).join('')}…`;
}

/** The most probable first; of equal ones as they come. */
function near(word: string, candidates: readonly string[]): readonly string[] {
  const typed = word.toLowerCase();
  if (typed.length === 0 || typed.length > MAX_WORD_LENGTH) return [];
  return candidates
    .filter((candidate) => candidate.length <= 2 * MAX_WORD_LENGTH)
    .map((candidate) => ({ candidate, distance: closeness(typed, candidate.toLowerCase()) }))
    .filter(({ distance }) => Number.isFinite(distance))
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate);
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
function editDistance(a: string, b: string): number {
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
