/** Scripts that are written without spaces: a word of theirs may stand anywhere. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const LETTERS_OR_DIGITS = /[\p{L}\p{M}]+|\p{N}+/gu;
/** Soft hyphens, zero-width joints, direction marks and fillers: seen by nobody, so they part no word. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** A mark of no script that stays apart when all that can be composed is. */
const LOOSE_MARK = /(?=\p{M})\p{Script=Inherited}/gu;

/** The words and phrases of a list as people type it: one a line, or several by commas; each once. */
export function readBlockList(typed: string): string[] {
  const entries = typed.split(/[,;\n]/).map((entry) => entry.trim().replaceAll(/\s+/g, ' '));
  return [...new Set(entries)].filter((entry) => wordsOf(normalise(entry)).length > 0);
}

/**
 * The first entry of `blocked` that one of the texts contains: whole words in this order, however they are cased, accented
 * in Unicode or parted by signs; never a part of a longer word, but where a script is written without spaces. Digits are
 * words of their own, too: CLIP reads them so. The time grows with the length of the texts, not with their number times
 * that of the entries.
 */
export function findBlocked(texts: readonly string[], blocked: readonly string[]): string | undefined {
  const phrases = new Map<string, string>();
  /** How many words those phrases have that begin with a word. */
  const lengths = new Map<string, Set<number>>();
  const unspaced = new Map<string, string>();
  for (const entry of blocked) {
    const words = wordsOf(normalise(entry));
    const [first] = words;
    if (first === undefined) continue;
    if (UNSPACED.test(entry)) unspaced.set(words.join(''), entry);
    else {
      phrases.set(words.join(' '), entry);
      lengths.set(first, (lengths.get(first) ?? new Set()).add(words.length));
    }
  }
  const found = new Set<string | undefined>();
  for (const text of new Set(texts.map(normalise))) {
    for (const words of [wordsOf(text), text.match(LETTERS_OR_DIGITS) ?? []]) {
      for (const [at, word] of words.entries()) {
        for (const length of lengths.get(word) ?? []) found.add(phrases.get(words.slice(at, at + length).join(' ')));
      }
    }
    const letters = unspaced.size === 0 ? '' : text.replaceAll(/\s/g, '');
    for (const [sought, entry] of unspaced) if (letters.includes(sought)) found.add(entry);
  }
  return blocked.find((entry) => found.has(entry));
}

function wordsOf(normalised: string): string[] {
  return normalised.match(WORD) ?? [];
}

/**
 * One writing for what reads the same: compatibility forms, case, composed and decomposed accents. What is seen by
 * nobody goes, and so do marks that belong to no letter's own writing, such as strokes through it.
 */
function normalise(text: string): string {
  const written = text.normalize('NFKC').replaceAll(INVISIBLE, '').toLowerCase().normalize('NFKC');
  return written.replaceAll(LOOSE_MARK, '');
}
