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

/** A word that stands for learned embeddings. */
export interface LearnedWord {
  /** As it is written in a prompt; capitals do not matter. */
  readonly name: string;
  /** The name is not the file's but that of the token in it, as diffusers' training scripts write it: `<cat-toy>`. */
  readonly isToken?: boolean;
  /** Rows of `table`, or why it cannot be used: said to whoever writes the word. */
  readonly rows: { readonly first: number; readonly count: number } | EngineError;
}

/**
 * Of each file the word that stands for it and, where no other file has it, the token that it names itself.
 * @param files by the word that stands for them
 * @param encoder width of the text encoder, and the most vectors of a word, which it reads in one go
 */
export async function readLearnedWords(
  files: ReadonlyMap<string, string>,
  { hidden, room }: TextRoom,
): Promise<LearnedWords> {
  const taken = new Set([...files.keys()].map(foldCase));
  const words: LearnedWord[] = [];
  const tables: Float32Array[] = [];
  let rows = 0;
  for (const [name, file] of files) {
    const read = await readWord(file, { hidden, room }).catch(keepRefusal);
    if (isEngineError(read)) {
      words.push({ name, rows: read });
      continue;
    }
    const { vectors, token } = read;
    const count = vectors.length / hidden;
    words.push({ name, rows: { first: rows, count } });
    if (token !== undefined && !taken.has(foldCase(token))) {
      taken.add(foldCase(token));
      words.push({ name: token, isToken: true, rows: { first: rows, count } });
    }
    tables.push(vectors);
    rows += count;
  }
  const table = new Float32Array(Math.max(1, rows) * hidden);
  let at = 0;
  for (const vectors of tables) {
    table.set(vectors, at);
    at += vectors.length;
  }
  return { words, table };
}

/** What a text encoder has room for. */
export interface TextRoom {
  /** Width of a vector. */
  readonly hidden: number;
  /** Tokens of a chunk without its two marks, the most vectors of a word: 75. */
  readonly room: number;
}

/** @param encoder configuration of a text encoder */
export function roomOf({ hidden_size, max_position_embeddings }: EncoderSizes): TextRoom {
  return { hidden: hidden_size, room: max_position_embeddings - 2 };
}

interface EncoderSizes {
  readonly hidden_size: number;
  readonly max_position_embeddings: number;
}

/** A file of vectors by a word that stands for it. */
export interface WordFile {
  readonly file: string;
  readonly isToken: boolean;
}

/** The words that `readLearnedWords` finds in these files: their names, and the tokens that they name. */
export async function readWordFiles(files: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, WordFile>> {
  const words = new Map([...files].map(([name, file]) => [name, { file, isToken: false }]));
  const taken = new Set([...files.keys()].map(foldCase));
  for (const file of files.values()) {
    const [token, ...others] = await readTokenNames(file);
    if (token === undefined || others.length > 0 || !isWord(token) || taken.has(foldCase(token))) continue;
    taken.add(foldCase(token));
    words.set(token.trim(), { file, isToken: true });
  }
  return words;
}

/**
 * Learned words to count tokens with: nothing but the headers of the files is read.
 * @param names of `files` that are wanted
 */
export async function countLearnedWords(
  files: ReadonlyMap<string, WordFile>,
  names: readonly string[],
  room: TextRoom,
): Promise<readonly LearnedWord[]> {
  const words: LearnedWord[] = [];
  let first = 0;
  for (const name of names) {
    const word = files.get(name);
    const found = word === undefined ? undefined : await findVectors(word.file, room).catch(keepRefusal);
    if (word === undefined || found === undefined) continue;
    if (isEngineError(found)) {
      words.push({ name, isToken: word.isToken, rows: found });
      continue;
    }
    words.push({ name, isToken: word.isToken, rows: { first, count: found.count } });
    first += found.count;
  }
  return words;
}

/** The token that diffusers names the vectors of a file by; none where they have no name, or cannot be read. */
export async function readTokenNames(file: string): Promise<readonly string[]> {
  const tensors = await readSafetensors(file).catch(() => new Map<string, TensorRef>());
  return [...tensors.keys()].filter((name) => name !== A1111_VECTORS);
}

/** AUTOMATIC1111's name for the vectors of any word. */
const A1111_VECTORS = 'emb_params';
/** Characters; longer names are no words. */
const MAX_TOKEN = 100;

function isWord(token: string): boolean {
  return token.length <= MAX_TOKEN && token.trim() !== '';
}

interface ReadWord {
  readonly vectors: Float32Array;
  readonly token?: string;
}

async function readWord(file: string, room: TextRoom): Promise<ReadWord> {
  const { ref } = await findVectors(file, room);
  await refuseNotFinite([ref]);
  const hasToken = ref.name !== A1111_VECTORS && isWord(ref.name);
  return { vectors: await readTensor(ref), ...(hasToken && { token: ref.name.trim() }) };
}

/** AUTOMATIC1111's files hold `emb_params`, diffusers' one tensor named as the token, one vector or several. */
async function findVectors(
  file: string,
  { hidden, room }: TextRoom,
): Promise<{ readonly ref: TensorRef; readonly count: number }> {
  const tensors = await readSafetensors(file);
  if (tensors.has('clip_g'))
    throw unfit(file, 'is made for Stable Diffusion XL models; use one for Stable Diffusion 1.');
  const [only] = tensors.values();
  const ref: TensorRef | undefined = tensors.get(A1111_VECTORS) ?? (tensors.size === 1 ? only : undefined);
  const width = ref?.shape.at(-1) ?? 0;
  const count = ref?.shape.length === 1 ? 1 : (ref?.shape[0] ?? 0);
  if (ref === undefined || ref.shape.length > 2 || count < 1) {
    throw unfit(file, 'contains no embedding vectors; use a textual inversion for Stable Diffusion 1.');
  }
  if (width !== hidden) {
    throw unfit(
      file,
      `is made for another architecture: its vectors have width ${width}, but this model's have ${hidden}.`,
    );
  }
  if (count > room) {
    throw unfit(file, `has ${count} vectors, but the model reads at most ${room} at once; use one with fewer vectors.`);
  }
  return { ref, count };
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
