import { basename } from 'node:path';
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
  /** Rows of `table`, or why it cannot be used: said to whoever writes the word. */
  readonly rows: { readonly first: number; readonly count: number } | EngineError;
}

/**
 * @param files by the word that stands for them
 * @param hidden width of the text encoder
 */
export async function readLearnedWords(files: ReadonlyMap<string, string>, hidden: number): Promise<LearnedWords> {
  const words: LearnedWord[] = [];
  const tables: Float32Array[] = [];
  let rows = 0;
  for (const [name, file] of files) {
    const vectors = await readVectors(file, hidden).catch(keepRefusal);
    if (isEngineError(vectors)) {
      words.push({ name, rows: vectors });
      continue;
    }
    const count = vectors.length / hidden;
    words.push({ name, rows: { first: rows, count } });
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

/**
 * Learned words to count tokens with: nothing but the headers of the files is read.
 * @param names of `files` that are wanted
 */
export async function countLearnedWords(
  files: ReadonlyMap<string, string>,
  names: readonly string[],
  hidden: number,
): Promise<readonly LearnedWord[]> {
  const words: LearnedWord[] = [];
  for (const name of names) {
    const file = files.get(name);
    const found = file === undefined ? undefined : await findVectors(file, hidden).catch(keepRefusal);
    if (found === undefined) continue;
    words.push({ name, rows: isEngineError(found) ? found : { first: 0, count: found.count } });
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
/** More vectors than CLIP reads in one go are no word. */
const MAX_VECTORS = 75;

async function readVectors(file: string, hidden: number): Promise<Float32Array> {
  const { ref } = await findVectors(file, hidden);
  await refuseNotFinite([ref]);
  return readTensor(ref);
}

/** AUTOMATIC1111's files hold `emb_params`, diffusers' one tensor named as the token, one vector or several. */
async function findVectors(file: string, hidden: number): Promise<{ readonly ref: TensorRef; readonly count: number }> {
  const tensors = await readSafetensors(file);
  if (tensors.has('clip_g'))
    throw unfit(file, 'is made for Stable Diffusion XL models; use one for Stable Diffusion 1.');
  const [only] = tensors.values();
  const ref: TensorRef | undefined = tensors.get(A1111_VECTORS) ?? (tensors.size === 1 ? only : undefined);
  const width = ref?.shape.at(-1) ?? 0;
  const count = ref?.shape.length === 1 ? 1 : (ref?.shape[0] ?? 0);
  if (ref === undefined || ref.shape.length > 2 || count < 1 || count > MAX_VECTORS) {
    throw unfit(file, 'holds no vectors of one word; use a textual inversion for Stable Diffusion 1.');
  }
  if (width !== hidden) {
    throw unfit(file, `is made for another architecture: its vectors have ${width} numbers, this model's ${hidden}.`);
  }
  return { ref, count };
}

function unfit(file: string, what: string): EngineError {
  return new EngineError('unsupported_model', `The textual inversion ${basename(file)} ${what}`, { file });
}

function keepRefusal(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  throw error;
}
