import { isEngineError } from '../errors.ts';
import type { LearnedWord } from '../weights/textual-inversion.ts';
import { type ClipTokenizer, framed } from './clip.ts';

/** A tokenizer whose learned words can be told from others. */
export interface LearnedTokenizer extends ClipTokenizer {
  /** How many tokens the learned word has that begins with this token; 1 where none does. */
  wordLength(id: number): number;
}

/**
 * The tokenizer with words that were learned: row r of theirs is the token `vocabulary + r`, a word of several vectors
 * as many tokens. A word counts where it stands by itself, in capitals or not.
 */
export function withLearnedWords(
  tokenizer: ClipTokenizer,
  words: readonly LearnedWord[],
  vocabulary: number,
): LearnedTokenizer {
  // A token that the file names is no word of its own where CLIP has it: "cat" stays a cat.
  const known = words.filter(({ name, isToken }) => isToken !== true || tokenizer.encode(name).length > 1);
  if (known.length === 0) return { ...tokenizer, wordLength: () => 1 };
  const byName = new Map(known.map((word) => [normalize(word.name), word]));
  const lengths = new Map<number, number>();
  for (const { rows } of known) if (!isEngineError(rows)) lengths.set(vocabulary + rows.first, rows.count);
  const pattern = learnedWordPattern([...byName.keys()]);

  const encode = (text: string): number[] =>
    text
      .normalize('NFC')
      .split(pattern)
      .flatMap((part, i) => (i % 2 === 0 ? tokenizer.encode(part) : tokensOf(part)));
  const tokensOf = (name: string): number[] => {
    const rows = byName.get(normalize(name))?.rows;
    if (rows === undefined) return tokenizer.encode(name);
    if (isEngineError(rows)) throw rows;
    return Array.from({ length: rows.count }, (_, i) => vocabulary + rows.first + i);
  };
  return {
    ...tokenizer,
    encode,
    wordLength: (id) => lengths.get(id) ?? 1,
    encodePadded: (text, length) => framed(encode(text), tokenizer, length),
  };
}

function normalize(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Finds learned words in a text, as its one group. @param names at least one */
export function learnedWordPattern(names: readonly string[]): RegExp {
  // The longest first, so that "style" leaves "style-2" alone.
  const alternatives = names
    .toSorted((a, b) => b.length - a.length)
    .map((name) => escapePattern(name.normalize('NFC')));
  return new RegExp(`(?<![\\p{L}\\p{N}_])(${alternatives.join('|')})(?![\\p{L}\\p{N}_])`, 'giu');
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
