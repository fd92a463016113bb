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

export interface TextRoom {
  /** Width of a vector. */
  readonly hidden: number;
  /** Tokens of a chunk without its two marks: 75. */
  readonly room: number;
}

interface ReadWord {
  readonly vectors: Float32Array;
  readonly token?: string;
}

const A1111_NAME = 'emb_params';
/** Characters; longer names are no words. */
const MAX_TOKEN = 100;

/** AUTOMATIC1111's files hold `emb_params`, diffusers' one tensor named as the token, one vector or several. */
async function readWord(file: string, { hidden, room }: TextRoom): Promise<ReadWord> {
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
  await refuseNotFinite([ref]);
  const isToken = ref.name !== A1111_NAME && ref.name.length <= MAX_TOKEN && ref.name.trim() !== '';
  return { vectors: await readTensor(ref), ...(isToken && { token: ref.name.trim() }) };
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
