import type { EmphasisPart } from './emphasis.ts';

/** What CLIP reads in one go: begin, tokens, end, and padding; a weight for each position. */
export interface PromptChunk {
  readonly ids: readonly number[];
  /** The same for the model's second text encoder, where it has one. */
  readonly secondIds?: readonly number[];
  readonly weights: readonly number[];
}

/** How a tokenizer writes a chunk. */
export interface ChunkTokens {
  encode(text: string): readonly number[];
  /** How many tokens the word has that begins with this one, where it was learned; 1 for all others. Never torn. */
  wordLength(id: number): number;
  readonly begin: number;
  readonly end: number;
  /** Fills a chunk up after its end. */
  readonly pad: number;
  readonly comma: number | undefined;
  /** Positions of a chunk, marks included: 77. */
  readonly positions: number;
  /** The second text encoder's tokenizer, which has the same vocabulary. */
  readonly second?: { encode(text: string): readonly number[]; readonly pad: number };
}

/** A word after a comma this near moves to the next chunk with all that follows the comma. */
const COMMA_REACH = 20;

/**
 * A prompt of any length in chunks of 75 tokens, as AUTOMATIC1111 cuts it (modules/sd_hijack_clip.py, tokenize_line):
 * at BREAK, at the last comma when one is near the edge, else where the chunk is full, or before a learned word that
 * has no room left in it. At least one chunk.
 */
export function chunkPrompt(parts: readonly EmphasisPart[], tokens: ChunkTokens): readonly PromptChunk[] {
  const room = tokens.positions - 2;
  const chunks: PromptChunk[] = [];
  let ids: number[] = [];
  let weights: number[] = [];
  let lastComma = -1;

  function next(movedIds: number[] = [], movedWeights: number[] = []): void {
    chunks.push(pad(ids, weights, tokens));
    ids = movedIds;
    weights = movedWeights;
    lastComma = -1;
  }

  for (const part of parts) {
    if (part.kind === 'break') {
      next();
      continue;
    }
    const encoded = tokens.encode(part.text);
    for (let at = 0; at < encoded.length; ) {
      const id = encoded[at] ?? tokens.end;
      const word = encoded.slice(at, at + tokens.wordLength(id));
      at += word.length;
      if (id === tokens.comma) lastComma = ids.length;
      else if (ids.length === room && lastComma !== -1 && ids.length - lastComma <= COMMA_REACH) {
        next(ids.splice(lastComma + 1), weights.splice(lastComma + 1));
      }
      if (ids.length + word.length > room) next();
      ids.push(...word);
      weights.push(...word.map(() => part.weight));
    }
  }
  if (ids.length > 0 || chunks.length === 0) next();
  return chunks;
}

function pad(ids: readonly number[], weights: readonly number[], tokens: ChunkTokens): PromptChunk {
  const rest = tokens.positions - ids.length - 1;
  const framed = (filling: number) => [tokens.begin, ...ids, tokens.end, ...new Array<number>(rest - 1).fill(filling)];
  return {
    ids: framed(tokens.pad),
    ...(tokens.second !== undefined && { secondIds: framed(tokens.second.pad) }),
    weights: [1, ...weights, ...new Array<number>(rest).fill(1)],
  };
}
