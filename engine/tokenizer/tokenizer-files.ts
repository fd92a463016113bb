import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { readSmallFile } from '../weights/plain-file.ts';
import type { AddedToken } from './added-tokens.ts';

/** What a tokenizer folder holds, whichever generation of transformers wrote it. */
export interface TokenizerFiles {
  /** Ids by symbol. */
  readonly vocabulary: Readonly<Record<string, number>>;
  /** Pairs of symbols, the first merged first. */
  readonly merges: readonly (readonly [string, string])[];
  readonly added: readonly AddedToken[];
  /** The token that fills a prompt up; undefined where the folder names none. */
  readonly pad: string | undefined;
  /** The file of the vocabulary, for sentences about it. */
  readonly file: string;
}

/** Of a vocabulary or its merges; CLIP's have one megabyte, as one file three. */
const MAX_BYTES = 32 * 1024 * 1024;
/** One file holds vocabulary and merges; transformers 5 saves only this one. */
const TOKENIZER_JSON = 'tokenizer.json';
/** The same in two files: how Stable Diffusion was published. */
const SLOW_FILES = ['vocab.json', 'merges.txt'] as const;
const ADDED_TOKENS = 'added_tokens.json';
const SPECIAL_TOKENS = 'special_tokens_map.json';
const TOKENIZER_CONFIG = 'tokenizer_config.json';

/** Any one of these sets of files is a tokenizer. */
export const TOKENIZER_SETS: readonly (readonly string[])[] = [[TOKENIZER_JSON], SLOW_FILES];
/** Files that say more of it: learned words and the padding. */
export const TOKENIZER_EXTRAS: readonly string[] = [ADDED_TOKENS, SPECIAL_TOKENS, TOKENIZER_CONFIG];

const MAX_ADDED_TOKENS = 10_000;
const id = z.number().int().min(0).max(1_000_000);
/** An id as the key of a JSON object. */
const idKey = z.string().regex(/^\d{1,7}$/);
const vocabularySchema = z.record(z.string(), id);
const addedSchema = z.object({
  content: z.string(),
  normalized: z.boolean().optional(),
  single_word: z.boolean().optional(),
  special: z.boolean().optional(),
});
const namedToken = z.union([z.string(), z.object({ content: z.string() })]).nullish();
const padSchema = z.object({ pad_token: namedToken });
const configSchema = padSchema.extend({ added_tokens_decoder: z.record(idKey, addedSchema).optional() });
const tokenizerSchema = z.object({
  added_tokens: z.array(addedSchema.extend({ id })).default([]),
  model: z.object({
    type: z.literal('BPE').optional(),
    end_of_word_suffix: z.literal('</w>'),
    vocab: vocabularySchema,
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/** Whether a folder says more of its tokenizer than the vocabulary. */
export async function hasTokenizerExtras(folder: string): Promise<boolean> {
  for (const file of TOKENIZER_EXTRAS) if (await isThere(join(folder, file))) return true;
  return false;
}

/** The files that a folder lacks to be a tokenizer: none where it is one. */
export async function missingTokenizerFiles(folder: string): Promise<readonly string[]> {
  if (await isThere(join(folder, TOKENIZER_JSON))) return [];
  const missing: string[] = [];
  for (const file of SLOW_FILES) if (!(await isThere(join(folder, file)))) missing.push(join(folder, file));
  return missing;
}

/**
 * `tokenizer.json` before `vocab.json` and `merges.txt`, as transformers has it; the padding of `special_tokens_map.json`
 * before that of `tokenizer_config.json`.
 * @throws EngineError `corrupt_file` naming the file that is no tokenizer of CLIP's kind
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const config = await readOptional(join(folder, TOKENIZER_CONFIG), configSchema);
  const special = await readOptional(join(folder, SPECIAL_TOKENS), padSchema);
  const more = await readOptional(join(folder, ADDED_TOKENS), vocabularySchema);
  const { added, ...core } = (await isThere(join(folder, TOKENIZER_JSON)))
    ? await readWhole(join(folder, TOKENIZER_JSON))
    : await readSlow(folder);
  const decoder = Object.entries(config?.added_tokens_decoder ?? {}).map(([key, token]) =>
    addedToken({ ...token, id: Number(key) }),
  );
  const plain = Object.entries(more ?? {}).map(([content, number]) => addedToken({ content, id: number }));
  // Of a token that is named twice, the more explicit file counts.
  const all = [...new Map([...plain, ...decoder, ...added].map((token) => [token.content, token])).values()];
  if (all.length > MAX_ADDED_TOKENS) throw unreadable(core.file, `has more than ${MAX_ADDED_TOKENS} added tokens`);
  return {
    ...core,
    added: all,
    pad: nameOf(special?.pad_token) ?? nameOf(config?.pad_token),
  };
}

async function readWhole(file: string): Promise<Omit<TokenizerFiles, 'pad'>> {
  const { added_tokens: added, model } = await readChecked(file, tokenizerSchema);
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? pairOf(merge) : merge));
  return { vocabulary: model.vocab, merges, added: added.map(addedToken), file };
}

async function readSlow(folder: string): Promise<Omit<TokenizerFiles, 'pad'>> {
  const [file, mergesFile] = SLOW_FILES.map((name) => join(folder, name)) as [string, string];
  const vocabulary = await readChecked(file, vocabularySchema);
  // Lines of two symbols, after a version line; a checkout on Windows ends them in its own way.
  const lines = (await readSmallFile(mergesFile, MAX_BYTES)).split(/\r?\n/);
  const merges = lines.filter((line) => line !== '' && !line.startsWith('#version')).map(pairOf);
  return { vocabulary, merges, added: [], file };
}

function pairOf(merge: string): readonly [string, string] {
  const space = merge.indexOf(' ');
  return [merge.slice(0, space), merge.slice(space + 1)];
}

/** Special tokens are looked for as they are written, others in the normalized text. */
function addedToken(token: z.output<typeof addedSchema> & { readonly id: number }): AddedToken {
  const { content, id, normalized, special = false, single_word: singleWord = false } = token;
  return { content, id, normalized: normalized ?? !special, singleWord };
}

function nameOf(token: z.output<typeof namedToken>): string | undefined {
  return typeof token === 'string' ? token : token?.content;
}

async function readOptional<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  return (await isThere(file)) ? readChecked(file, schema) : undefined;
}

async function readChecked<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.output<Schema>> {
  const text = await readSmallFile(file, MAX_BYTES);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, 'is not JSON', cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.join('.') ?? '';
  throw unreadable(file, `is not a CLIP tokenizer${place === '' ? '' : ` (at "${place}")`}`, parsed.error);
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function unreadable(file: string, what: string, cause?: unknown): EngineError {
  return new EngineError('corrupt_file', `${displayPath(file)} ${what}; download it again.`, { file }, cause);
}
