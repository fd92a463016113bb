import { setImmediate } from 'node:timers/promises';
import { EngineError } from '../errors.ts';
import type { GenerationSpec } from '../generation-spec.ts';
import type { ChunkTokens, PromptChunk } from './chunks.ts';
import { chunksOf } from './conditioning.ts';
import { checkForms, formsOf, type ReadPrompts, type ReadStage, readPrompts } from './read-prompts.ts';

/** How much work the prompts of a spec are, in chunks of 75 tokens. */
export interface TextLoad {
  /** Different chunks: CLIP encodes each of them once. */
  readonly encodings: number;
  /** Chunks that each row of a UNet call attends to, as a mean over the steps: a row a part of the prompt, and with guidance the negative prompt's. */
  readonly attended: readonly number[];
  /** The most chunks of one row at any step. */
  readonly longest: number;
}

/** What CLIP encodes for a prompt at each step. Equal chunks are one object. */
export type ChunkedStages = readonly { readonly endStep: number; readonly chunks: readonly PromptChunk[] }[];

/** One of the prompts that AND joins. */
export interface ChunkedPart {
  readonly weight: number;
  readonly stages: ChunkedStages;
}

/** Both prompts, in chunks. */
export interface ChunkedPrompts {
  readonly parts: readonly ChunkedPart[];
  /** Undefined where the negative prompt has no part. */
  readonly negative: ChunkedStages | undefined;
}

/** CLIP is as good as a tenth of a second on a processor for each chunk, and its result stays in memory. */
const MAX_ENCODINGS = 128;

/** Cuts prompts into chunks. Equal chunks become one object, over the stages and over both prompts. */
class ChunkCutter {
  readonly #syntax: ReadPrompts['syntax'];
  readonly #tokens: ChunkTokens;
  readonly #known = new Map<string, PromptChunk>();

  constructor({ syntax }: Pick<ReadPrompts, 'syntax'>, tokens: ChunkTokens) {
    this.#syntax = syntax;
    this.#tokens = tokens;
  }

  /** How many different chunks there were so far. */
  get size(): number {
    return this.#known.size;
  }

  /** @throws EngineError of a learned word whose file is unfit */
  cut(parts: ReadStage['parts']): readonly PromptChunk[] {
    return chunksOf(parts, this.#syntax, this.#tokens).map((chunk) => {
      const key = `${chunk.ids.join()} ${chunk.weights.join()}`;
      const known = this.#known.get(key) ?? chunk;
      this.#known.set(key, known);
      return known;
    });
  }
}

/**
 * Both prompts in chunks, within the engine's bounds; other work may go on between their forms.
 * @throws EngineError `bad_request` for more forms, chunks or different chunks than are encoded
 */
export async function chunkPrompts(read: ReadPrompts, tokens: ChunkTokens): Promise<ChunkedPrompts> {
  checkForms(read);
  const cutter = new ChunkCutter(read, tokens);
  const chunk = async (stages: readonly ReadStage[]): Promise<ChunkedStages> => {
    const cut = new Map<ReadStage['parts'], readonly PromptChunk[]>();
    for (const parts of formsOf(stages)) {
      cut.set(parts, checkLength(cutter.cut(parts), tokens));
      checkEncodings(cutter.size, tokens);
      await setImmediate();
    }
    return stages.map(({ endStep, parts }) => ({ endStep, chunks: cut.get(parts) ?? [] }));
  };
  const parts: ChunkedPart[] = [];
  for (const { weight, stages } of read.parts) parts.push({ weight, stages: await chunk(stages) });
  return { parts, negative: read.negative && (await chunk(read.negative)) };
}

/** As the model's tokenizer counts it. @throws EngineError as `chunkPrompts` does */
export async function measureText(spec: GenerationSpec, tokens: ChunkTokens): Promise<TextLoad> {
  const { parts, negative } = await chunkPrompts(readPrompts(spec), tokens);
  return loadOfStages([...parts.map(({ stages }) => stages), ...(negative === undefined ? [] : [negative])]);
}

const estimates = new WeakMap<GenerationSpec, TextLoad>();

/** Without a tokenizer: about what `measureText` finds. It never throws, whatever the prompt holds. */
export function estimateText(spec: GenerationSpec): TextLoad {
  const known = estimates.get(spec);
  if (known !== undefined) return known;
  const read = readPrompts(spec);
  const cutter = new ChunkCutter(read, approximateTokens());
  const chunk = (stages: readonly ReadStage[]): ChunkedStages => {
    const cut = new Map(formsOf(stages).map((parts) => [parts, cutter.cut(parts)]));
    return stages.map(({ endStep, parts }) => ({ endStep, chunks: cut.get(parts) ?? [] }));
  };
  const prompts = [...read.parts.map(({ stages }) => stages), ...(read.negative === undefined ? [] : [read.negative])];
  const load = loadOfStages(prompts.map(chunk));
  estimates.set(spec, load);
  return load;
}

function loadOfStages(prompts: readonly ChunkedStages[]): TextLoad {
  const chunks = prompts.flatMap((stages) => stages.flatMap((stage) => stage.chunks));
  return {
    encodings: new Set(chunks).size,
    attended: prompts.map(meanChunks),
    longest: Math.max(...prompts.flatMap((stages) => stages.map((stage) => stage.chunks.length))),
  };
}

function meanChunks(stages: ChunkedStages): number {
  let [sum, from] = [0, 0];
  for (const { endStep, chunks } of stages) {
    sum += chunks.length * (endStep - from);
    from = endStep;
  }
  return sum / from;
}

function checkLength(chunks: readonly PromptChunk[], { positions }: ChunkTokens): readonly PromptChunk[] {
  if (chunks.length <= MAX_CHUNKS) return chunks;
  throw new EngineError(
    'bad_request',
    `The prompt makes ${chunks.length} chunks of ${positions - 2} tokens, but the limit is ${MAX_CHUNKS}; shorten it, or use BREAK less often.`,
  );
}

function checkEncodings(count: number, { positions }: ChunkTokens): void {
  if (count <= MAX_ENCODINGS) return;
  throw new EngineError(
    'bad_request',
    `The prompts make more than ${MAX_ENCODINGS} different chunks over their steps, of ${positions - 2} tokens; use fewer alternations such as [a|b], or BREAK less often.`,
  );
}

/** The UNet attends to every chunk at every step: more of them than this cost more than the picture itself. */
const MAX_CHUNKS = 32;

/** Letters of a token, as English has them in the mean, and tokens of a letter of other scripts. */
const LETTERS_PER_TOKEN = 6;
const TOKENS_PER_OTHER_LETTER = 1.5;

/** Words as CLIP's pattern parts them, each of about as many tokens as CLIP makes of it. */
function approximateTokens(): ChunkTokens {
  const ids = new Map<string, number>();
  const idOf = (word: string): number => {
    const id = ids.get(word) ?? ids.size;
    ids.set(word, id);
    return id;
  };
  return {
    encode: (text) =>
      (text.match(/\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu) ?? []).flatMap((word) =>
        Array.from({ length: tokensIn(word) }, (_, i) => idOf(i === 0 ? word : `${word} ${i}`)),
      ),
    wordLength: () => 1,
    begin: -1,
    end: -2,
    pad: -2,
    comma: idOf(','),
    positions: 77,
  };
}

function tokensIn(word: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is counted
  const ascii = word.match(/[\u0000-\u007f]/g)?.length ?? 0;
  return Math.ceil(ascii / LETTERS_PER_TOKEN + (word.length - ascii) * TOKENS_PER_OTHER_LETTER);
}
