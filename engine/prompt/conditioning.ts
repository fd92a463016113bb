import { EngineError } from '../errors.ts';
import type { PromptSyntax } from '../generation-spec.ts';
import { type ChunkTokens, chunkPrompt, type PromptChunk } from './chunks.ts';
import type { EmphasisPart } from './emphasis.ts';

/**
 * The words of a prompt that a `plain` reading cuts off, as they stand in it; "" when all of it is read. Where a word
 * is cut in two, all of it counts as lost.
 */
export function wordsPastLimit(prompt: string, tokens: ChunkTokens): string {
  const room = tokens.positions - 2;
  if (tokens.encode(prompt).length <= room) return '';
  const words = [...prompt.matchAll(/\S+/g)];
  let [kept, lost] = [0, words.length];
  while (kept < lost) {
    const middle = (kept + lost + 1) >> 1;
    const end = words[middle]?.index ?? prompt.length;
    if (tokens.encode(prompt.slice(0, end)).length <= room) kept = middle;
    else lost = middle - 1;
  }
  return prompt.slice(words[kept]?.index ?? 0);
}

/** The chunks of one form of a prompt; a `plain` reading is one, and what does not fit it is cut off. */
export function chunksOf(
  parts: readonly EmphasisPart[],
  syntax: PromptSyntax,
  tokens: ChunkTokens,
): readonly PromptChunk[] {
  if (syntax === 'a1111') return chunkPrompt(parts, tokens);
  const { second, ...first } = tokens;
  const [chunk] = cutPlain(parts, first);
  if (chunk === undefined || second === undefined) return chunk === undefined ? [] : [chunk];
  // Its tokenizer reads a typed padding token otherwise than the first one's.
  const [own] = cutPlain(parts, { ...first, ...second });
  return [{ ...chunk, secondIds: own?.ids ?? chunk.ids }];
}

/** diffusers cuts where the room ends, learned words too. */
function cutPlain(parts: readonly EmphasisPart[], tokens: ChunkTokens): readonly PromptChunk[] {
  const room = tokens.positions - 2;
  return chunkPrompt(parts, { ...tokens, encode: (text) => tokens.encode(text).slice(0, room), wordLength: () => 1 });
}

/**
 * Weights stretch the embeddings; then all are stretched back to the mean that they had (AUTOMATIC1111, sd_emphasis).
 * @param embedding of one chunk, [positions, hidden], flat
 * @throws EngineError `bad_request` for emphasis beyond what numbers hold
 */
export function weigh(embedding: Float32Array, weights: readonly number[]): Float32Array {
  if (weights.every((weight) => weight === 1)) return embedding;
  const hidden = embedding.length / weights.length;
  const weighted = embedding.map((value, i) => value * (weights[Math.floor(i / hidden)] ?? 1));
  const ratio = sum(embedding) / sum(weighted);
  const restored = weighted.map((value) => value * ratio);
  if (restored.every(Number.isFinite)) return restored;
  throw new EngineError(
    'bad_request',
    'The emphasis in the prompt is too large to compute; use weights such as (word:1.3).',
  );
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
