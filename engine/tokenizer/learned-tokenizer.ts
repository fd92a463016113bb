import { isEngineError } from '../errors.ts';
import type { LearnedWord } from '../weights/textual-inversion.ts';
import type { ClipTokenizer } from './clip.ts';

/**
 * The tokenizer with words that were learned: row r of theirs is the token `vocabulary + r`, a word of several vectors
 * as many tokens. A word counts where it stands by itself, in capitals or not.
 */
export function withLearnedWords(
  tokenizer: ClipTokenizer,
  words: readonly LearnedWord[],
  vocabulary: number,
): ClipTokenizer {
  if (words.length === 0) return tokenizer;
  const byName = new Map(words.map((word) => [word.name.toLowerCase(), word]));
  // The longest first, so that "style" leaves "style-2" alone.
  const names = [...byName.keys()].sort((a, b) => b.length - a.length).map(escapePattern);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])(${names.join('|')})(?![\\p{L}\\p{N}_])`, 'giu');

  const encode = (text: string): number[] =>
    text.split(pattern).flatMap((part, i) => (i % 2 === 0 ? tokenizer.encode(part) : tokensOf(part)));
  const tokensOf = (name: string): number[] => {
    const rows = byName.get(name.toLowerCase())?.rows;
    if (rows === undefined) return tokenizer.encode(name);
    if (isEngineError(rows)) throw rows;
    return Array.from({ length: rows.count }, (_, i) => vocabulary + rows.first + i);
  };
  return {
    ...tokenizer,
    encode,
    encodePadded(text, length) {
      const ids = [tokenizer.begin, ...encode(text).slice(0, length - 2), tokenizer.end];
      return [...ids, ...new Array<number>(length - ids.length).fill(tokenizer.pad)];
    },
  };
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
