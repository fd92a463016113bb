import { basename, dirname } from 'node:path';
import { EngineError, isEngineError } from '../errors.ts';
import { SDXL } from '../families/sdxl.ts';
import { refuseNotFinite } from './finite.ts';
import { readSafetensors, type TensorRef } from './safetensors.ts';
import { readTensor } from './tensor-data.ts';

/** Words that CLIP was taught by textual inversion (Gal et al. 2022): each is some rows beyond the vocabulary. */
export interface LearnedWords {
  readonly words: readonly LearnedWord[];
  /** Of each text encoder [rows, width], at least one row. */
  readonly tables: readonly Float32Array[];
}

/** A word that stands for learned embeddings. */
export interface LearnedWord {
  /** As it is written in a prompt; capitals do not matter. */
  readonly name: string;
  /** The name is not the file's but that of the token in it, as diffusers' training scripts write it: `<cat-toy>`. */
  readonly isToken?: boolean;
  /** Rows of the tables, or why it cannot be used: said to whoever writes the word. */
  readonly rows: { readonly first: number; readonly count: number } | EngineError;
}

/**
 * Of each file the word that stands for it and, where no other file has it, the token that it names itself.
 * @param files by the word that stands for them
 */
export async function readLearnedWords(files: ReadonlyMap<string, string>, room: TextRoom): Promise<LearnedWords> {
  const taken = new Set([...files.keys()].map(foldCase));
  const words: LearnedWord[] = [];
  const known: (readonly Float32Array[])[] = [];
  let rows = 0;
  for (const [name, file] of files) {
    const read = await readWord(file, room).catch(keepRefusal);
    if (isEngineError(read)) {
      words.push({ name, rows: read });
      continue;
    }
    const { vectors, count, token } = read;
    words.push({ name, rows: { first: rows, count } });
    if (token !== undefined && !taken.has(foldCase(token))) {
      taken.add(foldCase(token));
      words.push({ name: token, isToken: true, rows: { first: rows, count } });
    }
    known.push(vectors);
    rows += count;
  }
  const tables = room.widths.map((width, encoder) =>
    joined(
      known.map((vectors) => vectors[encoder] ?? new Float32Array()),
      Math.max(1, rows) * width,
    ),
  );
  return { words, tables };
}

function joined(vectors: readonly Float32Array[], length: number): Float32Array {
  const table = new Float32Array(length);
  let at = 0;
  for (const part of vectors) {
    table.set(part, at);
    at += part.length;
  }
  return table;
}

/** What the text encoders of a model have room for. */
export interface TextRoom {
  /** Width of a vector, of each text encoder. */
  readonly widths: readonly number[];
  /** Tokens of a chunk without its two marks, the most vectors of a word: 75. */
  readonly room: number;
}

/** @param encoders of a model, which read the same positions */
export function roomOf(encoders: readonly { readonly config: EncoderSizes }[]): TextRoom {
  return {
    widths: encoders.map(({ config }) => config.hidden_size),
    room: Math.min(...encoders.map(({ config }) => config.max_position_embeddings)) - 2,
  };
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
  return [...tensors.keys()].filter((name) => name !== A1111_VECTORS && !PAIR.includes(name));
}

/** AUTOMATIC1111's name for the vectors of any word. */
const A1111_VECTORS = 'emb_params';
/** Characters; longer names are no words. */
const MAX_TOKEN = 100;

function isWord(token: string): boolean {
  return token.length <= MAX_TOKEN && token.trim() !== '';
}

interface ReadWord {
  /** Of each text encoder [count, width]. */
  readonly vectors: readonly Float32Array[];
  readonly count: number;
  readonly token?: string;
}

async function readWord(file: string, room: TextRoom): Promise<ReadWord> {
  const { refs, count } = await findVectors(file, room);
  await refuseNotFinite(refs);
  const [{ name } = { name: A1111_VECTORS }] = refs;
  const hasToken = refs.length === 1 && name !== A1111_VECTORS && isWord(name);
  return { vectors: await Promise.all(refs.map(readTensor)), count, ...(hasToken && { token: name.trim() }) };
}

/** Vectors of a word for the two text encoders of Stable Diffusion XL, in their order. */
const PAIR = ['clip_l', 'clip_g'];

/**
 * AUTOMATIC1111's files hold `emb_params`, diffusers' one tensor named as the token, one vector or several; those for
 * Stable Diffusion XL `clip_l` and `clip_g`.
 * @returns a tensor for each text encoder, in order
 */
async function findVectors(
  file: string,
  { widths, room }: TextRoom,
): Promise<{ readonly refs: readonly TensorRef[]; readonly count: number }> {
  const tensors = await readSafetensors(file);
  const isPair = tensors.has('clip_g');
  if (isPair !== widths.length > 1) {
    throw isPair
      ? unfit(file, `is made for ${SDXL.title} models, which this is not; use another one.`)
      : unfit(file, `is not made for ${SDXL.title} models, which this is; use another one.`);
  }
  const [only] = tensors.values();
  const single: TensorRef | undefined = tensors.get(A1111_VECTORS) ?? (tensors.size === 1 ? only : undefined);
  const refs = isPair ? PAIR.map((name) => tensors.get(name)) : [single];
  const counts = refs.map((ref) => (ref?.shape.length === 1 ? 1 : (ref?.shape[0] ?? 0)));
  const [count = 0] = counts;
  const whole = refs.filter((ref) => ref !== undefined && ref.shape.length <= 2) as TensorRef[];
  if (whole.length < refs.length || counts.some((other) => other < 1 || other !== count)) {
    throw unfit(file, 'contains no embedding vectors; use a textual inversion that is made for the model.');
  }
  for (const [i, ref] of whole.entries()) {
    const width = ref.shape.at(-1) ?? 0;
    if (width === widths[i]) continue;
    throw unfit(
      file,
      `is made for another architecture: its vectors have width ${width}, but this model's have ${widths[i]}.`,
    );
  }
  if (count > room) {
    throw unfit(file, `has ${count} vectors, but the model reads at most ${room} at once; use one with fewer vectors.`);
  }
  return { refs: whole, count };
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
