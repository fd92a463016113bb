import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { EngineError } from '../errors.ts';
import { readSmallFile } from '../weights/plain-file.ts';

/** CLIP's byte-pair tokenizer, from a published `vocab.json` and `merges.txt`. */
export interface ClipTokenizer {
  /** Token ids of the text alone, without begin, end or padding. */
  encode(text: string): number[];
  readonly begin: number;
  readonly end: number;
  /** A comma that stands alone; undefined where the vocabulary has none. */
  readonly comma: number | undefined;
  /** Begin, text cut to fit, end, and ends as padding: exactly `length` ids. */
  encodePadded(text: string, length: number): number[];
}

/** Of a vocabulary or its merges; CLIP's have one. */
const MAX_BYTES = 32 * 1024 * 1024;
const BEGIN = '<|startoftext|>';
const END = '<|endoftext|>';
/** The marks count as tokens when typed in a prompt, but only as they are spelled. */
const MARKS = /(<\|startoftext\|>|<\|endoftext\|>)/;
/** CLIP's own pattern for words. */
const WORDS = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
/** A mark spelled in capitals is one word to that pattern, and three to the reference's next one. */
const MARK_NAME = '(?<=^<\\|)(?:start|end)oftext(?=\\|>$)';

/** A tokenizer takes some twenty megabytes. */
const MAX_SHARED = 4;
const shared = new Map<string, Promise<ClipTokenizer>>();

/** As `loadClipTokenizer`; one that was asked for lately is not read again. */
export function sharedClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const tokenizer = shared.get(folder) ?? loadClipTokenizer(folder);
  shared.delete(folder);
  shared.set(folder, tokenizer);
  tokenizer.catch(() => shared.delete(folder));
  const [oldest] = shared.keys();
  if (shared.size > MAX_SHARED && oldest !== undefined) shared.delete(oldest);
  return tokenizer;
}

/** @throws EngineError `corrupt_file` when the vocabulary lacks the two marks. */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const vocab = parseVocab(await readSmallFile(join(folder, 'vocab.json'), MAX_BYTES), folder);
  const merges = parseMerges(await readSmallFile(join(folder, 'merges.txt'), MAX_BYTES));
  const begin = vocab[BEGIN];
  const end = vocab[END];
  if (begin === undefined || end === undefined) {
    throw new EngineError(
      'corrupt_file',
      `${join(folder, 'vocab.json')} lacks ${BEGIN} or ${END}; it is not CLIP's vocabulary.`,
      { file: join(folder, 'vocab.json') },
    );
  }
  const tokenizer = new Tokenizer(definition(vocab, merges), {});
  const plain = (text: string) => tokenizer.encode(lowercase(text), { add_special_tokens: false }).ids;
  const encode = (text: string) =>
    text.split(MARKS).flatMap((part) => (part === BEGIN ? [begin] : part === END ? [end] : plain(part)));
  return {
    encode,
    begin,
    end,
    comma: vocab[',</w>'],
    encodePadded(text, length) {
      const ids = [begin, ...encode(text).slice(0, length - 2), end];
      return [...ids, ...new Array<number>(length - ids.length).fill(end)];
    },
  };
}

/** The words that CLIP takes a text for: cased and parted as its tokenizer does it, marks left out. */
export function clipWords(text: string): readonly string[] {
  const words = new RegExp(WORDS, 'gu');
  return text.split(MARKS).flatMap((part, i) => (i % 2 === 1 ? [] : (lowercase(part).match(words) ?? [])));
}

/** Letter by letter, as the reference does: a whole-string lowercase would turn a final Σ into ς. */
function lowercase(text: string): string {
  return Array.from(text.normalize('NFC'), (letter) => letter.toLowerCase()).join('');
}

function parseVocab(json: string, folder: string): Record<string, number> {
  try {
    const vocab: unknown = JSON.parse(json);
    if (typeof vocab === 'object' && vocab !== null) return vocab as Record<string, number>;
  } catch {
    // Said below.
  }
  throw new EngineError('corrupt_file', `${join(folder, 'vocab.json')} is not a vocabulary; download it again.`, {
    file: join(folder, 'vocab.json'),
  });
}

/** Lines of two symbols, after a version line; a checkout on Windows ends them in its own way. */
function parseMerges(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
}

/** What transformers' own converter writes for CLIP as tokenizer.json, but for lower case and marks. */
function definition(vocab: Record<string, number>, merges: readonly string[]): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true },
        { type: 'Split', pattern: { Regex: MARK_NAME }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  };
}
