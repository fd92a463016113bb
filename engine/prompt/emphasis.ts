/**
 * Emphasis as AUTOMATIC1111 reads it (modules/prompt_parser.py, parse_prompt_attention): `(a)` × 1.1, `[a]` ÷ 1.1,
 * `(a:1.3)` × 1.3, nested ones multiplied, `\(` a bracket that is text; BREAK on its own begins a new chunk.
 */
export type EmphasisPart =
  | { readonly kind: 'text'; readonly text: string; readonly weight: number }
  | { readonly kind: 'break' };

const STEP = 1.1;
const TOKENS = /\\[()[\]\\]|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()[\]:]+|:/g;
const BREAK = /\s*(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])\s*/u;

interface Run {
  text: string;
  weight: number;
}

/** Brackets that never close count up to the end. Never empty. Linear in the length of `text`, but for nesting. */
export function parseEmphasis(text: string): readonly EmphasisPart[] {
  const runs: Run[] = [];
  const round: number[] = [];
  const square: number[] = [];
  const multiply = (from: number, factor: number) => {
    for (const run of runs.slice(from)) run.weight *= factor;
  };
  const close = (open: number[], factor: number): boolean => {
    const from = open.pop();
    if (from !== undefined) multiply(from, factor);
    return from !== undefined;
  };

  for (const [token, written] of text.matchAll(TOKENS)) {
    const weight = written === undefined ? Number.NaN : Number(written);
    if (token.startsWith('\\')) runs.push({ text: token.slice(1), weight: 1 });
    else if (token === '(') round.push(runs.length);
    else if (token === '[') square.push(runs.length);
    else if (!Number.isNaN(weight) && close(round, weight)) continue;
    else if (token === ')' && close(round, STEP)) continue;
    else if (token === ']' && close(square, 1 / STEP)) continue;
    else runs.push(...splitBreaks(token));
  }
  for (const from of round) multiply(from, STEP);
  for (const from of square) multiply(from, 1 / STEP);
  return merge(runs).map((run) => (isBreak(run) ? { kind: 'break' } : { kind: 'text', ...run }));
}

/** The mark of a break. Inside brackets its weight changes, and it is read as the word: so does AUTOMATIC1111. */
const BREAK_MARK: Readonly<Run> = { text: 'BREAK', weight: -1 };

function isBreak({ text, weight }: Run): boolean {
  return text === BREAK_MARK.text && weight === BREAK_MARK.weight;
}

function splitBreaks(text: string): Run[] {
  return text.split(BREAK).flatMap((part, i) => [...(i === 0 ? [] : [{ ...BREAK_MARK }]), { text: part, weight: 1 }]);
}

/** Neighbours of one weight, together. */
function merge(runs: readonly Run[]): Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const last = merged.at(-1);
    if (last?.weight === run.weight) last.text += run.text;
    else merged.push({ ...run });
  }
  return merged.length > 0 ? merged : [{ text: '', weight: 1 }];
}
