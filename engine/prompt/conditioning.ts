import { EngineError } from '../errors.ts';
import type { TextReading } from '../types.ts';
import { type ChunkTokens, chunkPrompt, type PromptChunk } from './chunks.ts';
import { parseEmphasis } from './emphasis.ts';

/** CLIP as prompts need it. */
export interface TextNetwork {
  readonly tokens: ChunkTokens;
  /** @param clipSkip see `TextReading` → [positions, hidden], flat */
  encode(ids: readonly number[], clipSkip: number): Promise<Float32Array>;
}

/** The UNet attends to every chunk at every step: more of them than this cost more than the picture itself. */
const MAX_CHUNKS = 32;

/**
 * A prompt as the UNet attends to it: [chunks · positions, hidden], flat.
 * @throws EngineError `bad_request` for more chunks than `MAX_CHUNKS`, or emphasis beyond what numbers hold
 */
export async function encodePrompt(prompt: string, reading: TextReading, network: TextNetwork): Promise<Float32Array> {
  const embeddings: Float32Array[] = [];
  for (const { ids, weights } of chunksOf(prompt, reading, network.tokens)) {
    embeddings.push(weigh(await network.encode(ids, reading.clipSkip), weights));
  }
  return concat(embeddings);
}

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

function chunksOf(prompt: string, { syntax }: TextReading, tokens: ChunkTokens): readonly PromptChunk[] {
  const room = tokens.positions - 2;
  if (syntax === 'a1111') {
    const chunks = chunkPrompt(parseEmphasis(prompt), tokens);
    if (chunks.length <= MAX_CHUNKS) return chunks;
    throw new EngineError(
      'bad_request',
      `The prompt makes ${chunks.length} chunks of ${room} tokens, and ${MAX_CHUNKS} is the most; shorten it, or use BREAK less often.`,
    );
  }
  // diffusers cuts where the room ends, learned words too.
  const cut: ChunkTokens = { ...tokens, encode: (text) => tokens.encode(text).slice(0, room), wordLength: () => 1 };
  return chunkPrompt([{ kind: 'text', text: prompt, weight: 1 }], cut);
}

/** Weights stretch the embeddings; then all are stretched back to the mean that they had (AUTOMATIC1111, sd_emphasis). */
function weigh(embedding: Float32Array, weights: readonly number[]): Float32Array {
  if (weights.every((weight) => weight === 1)) return embedding;
  const hidden = embedding.length / weights.length;
  const weighted = embedding.map((value, i) => value * (weights[Math.floor(i / hidden)] ?? 1));
  const ratio = sum(embedding) / sum(weighted);
  const restored = weighted.map((value) => value * ratio);
  if (restored.every(Number.isFinite)) return restored;
  throw new EngineError(
    'bad_request',
    'The emphasis in the prompt is beyond what numbers hold; use weights such as (word:1.3).',
  );
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function concat(vectors: readonly Float32Array[]): Float32Array {
  const [first] = vectors;
  if (first !== undefined && vectors.length === 1) return first;
  const all = new Float32Array(vectors.reduce((length, vector) => length + vector.length, 0));
  let at = 0;
  for (const vector of vectors) {
    all.set(vector, at);
    at += vector.length;
  }
  return all;
}
