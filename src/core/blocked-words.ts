/** Scripts that are written without spaces: a word of theirs may stand anywhere. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Soft hyphens, zero-width joints and direction marks: seen by nobody, so they part no word. */
const INVISIBLE = /\p{Cf}/gu;

/** The words and phrases of a list as people type it: one a line, or several by commas; each once. */
export function readBlockList(typed: string): string[] {
  const entries = typed.split(/[,;\n]/).map((entry) => entry.trim().replaceAll(/\s+/g, ' '));
  return [...new Set(entries)].filter((entry) => wordsOf(entry).length > 0);
}

/**
 * The first entry of `blocked` that `prompt` contains: whole words in this order, however they are cased, accented in
 * Unicode or parted by signs; never a part of a longer word, but where a script is written without spaces.
 */
export function findBlocked(prompt: string, blocked: readonly string[]): string | undefined {
  if (blocked.length === 0) return undefined;
  const words = ` ${wordsOf(prompt).join(' ')} `;
  const letters = normalise(prompt).replaceAll(/\s/g, '');
  return blocked.find((entry) => {
    const sought = wordsOf(entry);
    if (sought.length === 0) return false;
    return UNSPACED.test(entry) ? letters.includes(sought.join('')) : words.includes(` ${sought.join(' ')} `);
  });
}

function wordsOf(text: string): string[] {
  return normalise(text).match(WORD) ?? [];
}

/** One writing for what reads the same: compatibility forms, case, composed and decomposed accents. */
function normalise(text: string): string {
  return text.normalize('NFKC').replaceAll(INVISIBLE, '').toLowerCase().normalize('NFKC');
}
