import { basename, dirname } from 'node:path';
import { EngineError, isEngineError } from '../errors.ts';
import { refuseNotFinite } from './finite.ts';
import { readSafetensors, type TensorRef } from './safetensors.ts';
import { readTensor } from './tensor-data.ts';

/** Words that CLIP was taught by textual inversion (Gal et al. 2022): each is some rows beyond the vocabulary. */
export interface LearnedWords {
  readonly words: readonly LearnedWord[];
  /** [rows, hidden], at least one row. */
  readonly table: Float32Array;
}

export interface LearnedWord {
  /** As it is written in a prompt; capitals do not matter. */
  readonly name: string;
  /** The name is not the file's but that of the token in it, as diffusers' training scripts write it: `<cat-toy>`. */
  readonly isToken?: boolean;
  /** Rows of `table`, or why it cannot be used: said to whoever writes the word. */
  readonly rows: { readonly first: number; readonly count: number } | EngineError;
}

export interface TextRoom {
  /** Width of a vector. */
  readonly hidden: number;
  /** Tokens of a chunk without its two marks: 75. */
  readonly room: number;
}

/** The room of a text encoder, from its configuration. */
export function textRoom(encoder: {
  readonly hidden_size: number;
  readonly max_position_embeddings: number;
}): TextRoom {
  return { hidden: encoder.hidden_size, room: encoder.max_position_embeddings - 2 };
}

/**
 * Of each file the word that stands for it and, where no other file has it, the token that it names itself.
 * @param files by the word that stands for them
 * @param encoder width of the text encoder, and the most vectors of a word, which it reads in one go
 */
export async function readLearnedWords(files: ReadonlyMap<string, string>, encoder: TextRoom): Promise<LearnedWords> {
  const tables: Float32Array[] = [];
  const words = await findWords(files, encoder, async (vectors) => {
    await refuseNotFinite([vectors]);
    tables.push(await readTensor(vectors));
  });
  const table = new Float32Array(Math.max(encoder.hidden, sum(tables.map(({ length }) => length))));
  let at = 0;
  for (const vectors of tables) {
    table.set(vectors, at);
    at += vectors.length;
  }
  return { words, table };
}

/** The words of `readLearnedWords`, to count tokens with: nothing but the headers of the files is read. */
export function countLearnedWords(
  files: ReadonlyMap<string, string>,
  encoder: TextRoom,
): Promise<readonly LearnedWord[]> {
  return findWords(files, encoder, async () => undefined);
}

async function findWords(
  files: ReadonlyMap<string, string>,
  encoder: TextRoom,
  take: (vectors: TensorRef) => Promise<void>,
): Promise<readonly LearnedWord[]> {
  const taken = new Set([...files.keys()].map(foldCase));
  const words: LearnedWord[] = [];
  let first = 0;
  for (const [name, file] of files) {
    const found = await findVectors(file, encoder)
      .then(async (vectors) => {
        await take(vectors.ref);
        return vectors;
      })
      .catch(keepRefusal);
    if (isEngineError(found)) {
      words.push({ name, rows: found });
      continue;
    }
    const { count, token } = found;
    words.push({ name, rows: { first, count } });
    if (token !== undefined && !taken.has(foldCase(token))) {
      taken.add(foldCase(token));
      words.push({ name: token, isToken: true, rows: { first, count } });
    }
    first += count;
  }
  return words;
}

/** The tokens that diffusers names the vectors of a file by; none where they have no name, or cannot be read. */
export async function readTokenNames(file: string): Promise<readonly string[]> {
  const tensors = await readSafetensors(file).catch(() => new Map<string, TensorRef>());
  return [...tensors.keys()].filter((name) => name !== A1111_NAME);
}

/** AUTOMATIC1111's name for the vectors of any word. */
const A1111_NAME = 'emb_params';
/** Characters; longer names are no words. */
const MAX_TOKEN = 100;

interface WordVectors {
  /** [count, hidden], or [hidden]. */
  readonly ref: TensorRef;
  readonly count: number;
  readonly token?: string;
}

/** AUTOMATIC1111's files hold `emb_params`, diffusers' one tensor named as the token, one vector or several. */
async function findVectors(file: string, { hidden, room }: TextRoom): Promise<WordVectors> {
  const tensors = await readSafetensors(file);
  if (tensors.has('clip_g'))
    throw unfit(file, 'is made for Stable Diffusion XL models; use one for Stable Diffusion 1.');
  const [only] = tensors.values();
  const ref: TensorRef | undefined = tensors.get(A1111_NAME) ?? (tensors.size === 1 ? only : undefined);
  const width = ref?.shape.at(-1) ?? 0;
  const count = ref?.shape.length === 1 ? 1 : (ref?.shape[0] ?? 0);
  if (ref === undefined || ref.shape.length > 2 || count < 1) {
    throw unfit(file, 'holds no vectors of one word; use a textual inversion for Stable Diffusion 1.');
  }
  if (width !== hidden) {
    throw unfit(file, `is made for another architecture: its vectors have ${width} numbers, this model's ${hidden}.`);
  }
  if (count > room) {
    throw unfit(file, `has ${count} vectors, and the model reads ${room} in one go; use one with at most ${room}.`);
  }
  const isToken = ref.name !== A1111_NAME && ref.name.length <= MAX_TOKEN && ref.name.trim() !== '';
  return { ref, count, ...(isToken && { token: ref.name.trim() }) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function foldCase(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function unfit(file: string, what: string): EngineError {
  return new EngineError('unsupported_model', `The textual inversion ${titleOf(file)} ${what}`, { file });
}

/** Training scripts give every file one name: the folder tells them apart. */
function titleOf(file: string): string {
  const name = basename(file);
  return /^learned_embeds/i.test(name) ? `${basename(dirname(file))}/${name}` : name;
}

function keepRefusal(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  throw error;
}
