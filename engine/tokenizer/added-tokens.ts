/**
 * A token that stands outside the byte-pair vocabulary's merges: the marks of begin and end, the padding token, and the
 * learned words of a saved pipeline. Hugging Face's tokenizers cut a text at them before they read the rest.
 */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Whether it is looked for in the normalized (lower-case) text, so that capitals do not matter. */
  readonly normalized: boolean;
  /** Whether it counts only where no letter, digit or underscore touches it. */
  readonly singleWord: boolean;
}

/** A part of a text: ids that are known already, or words to encode. */
export type TextPart =
  | { readonly kind: 'ids'; readonly ids: readonly number[] }
  | { readonly kind: 'text'; readonly text: string };

/**
 * Cuts texts at added tokens as Hugging Face's tokenizers do: first at those that are looked for in the text as it is
 * written, then at the others in what is left, normalized. The leftmost, longest token counts.
 * @param normalize the tokenizer's normalizer
 * @param idsOf the ids that a token stands for, where it is more than its own
 */
export function splitAtAddedTokens(
  tokens: readonly AddedToken[],
  normalize: (text: string) => string,
  idsOf: (token: AddedToken) => readonly number[] = ({ id }) => [id],
): (text: string) => readonly TextPart[] {
  const asWritten = finder(tokens.filter(({ normalized }) => !normalized));
  const inNormalized = finder(
    tokens.filter(({ normalized }) => normalized).map((token) => ({ ...token, content: normalize(token.content) })),
  );
  const cut = (text: string, find: Finder): readonly (string | AddedToken)[] => find?.(text) ?? [text];
  return (text) =>
    cut(text, asWritten)
      .flatMap((part) => (typeof part === 'string' ? cut(normalize(part), inNormalized) : [part]))
      .map((part) => (typeof part === 'string' ? { kind: 'text', text: part } : { kind: 'ids', ids: idsOf(part) }));
}

type Finder = ((text: string) => (string | AddedToken)[]) | undefined;

function finder(tokens: readonly AddedToken[]): Finder {
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  byContent.delete('');
  if (byContent.size === 0) return undefined;
  const longestFirst = [...byContent.values()].sort((a, b) => b.content.length - a.content.length);
  const pattern = new RegExp(`(${longestFirst.map(patternOf).join('|')})`, 'u');
  return (text) => text.split(pattern).flatMap((part, i) => (i % 2 === 0 ? part : (byContent.get(part) ?? part)));
}

function patternOf({ content, singleWord }: AddedToken): string {
  const escaped = content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return singleWord ? `(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])` : escaped;
}
