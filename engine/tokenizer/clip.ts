import { Tokenizer } from '@huggingface/tokenizers';
import { LRUCache } from 'lru-cache';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { type AddedToken, splitAtAddedTokens } from './added-tokens.ts';
import { readTokenizerFiles, type TokenizerFiles } from './tokenizer-files.ts';

/** CLIP's byte-pair tokenizer, from the files of a tokenizer folder. */
export interface ClipTokenizer {
  /** Token ids of the text alone, without begin, end or padding. */
  encode(text: string): number[];
  readonly begin: number;
  readonly end: number;
  /** What fills a prompt up after its end: the end again in Stable Diffusion 1, `!` (0) in 2 and in the second of XL. */
  readonly pad: number;
  /** A comma that stands alone; undefined where the vocabulary has none. */
  readonly comma: number | undefined;
  /** Begin, text cut to fit, end, and padding: exactly `length` ids. */
  encodePadded(text: string, length: number): number[];
}

const BEGIN = '<|startoftext|>';
const END = '<|endoftext|>';
/** CLIP's own pattern for words. */
const WORDS = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
/** A mark spelled in capitals is one word to that pattern, and three to the reference's next one. */
const MARK_NAME = '(?<=^<\\|)(?:start|end)oftext(?=\\|>$)';

/** The marks count as tokens when typed in a prompt, but only as they are spelled. */
const MARKS = /(<\|startoftext\|>|<\|endoftext\|>)/;

/** A tokenizer takes some twenty megabytes. */
const MAX_SHARED = 4;
const shared = new LRUCache<string, Promise<ClipTokenizer>>({ max: MAX_SHARED });

/** As `loadClipTokenizer`; one that was asked for lately is not read again. */
export function sharedClipTokenizer(folder: string, rows: number, padding?: string): Promise<ClipTokenizer> {
  const key = JSON.stringify([folder, rows, padding]);
  const known = shared.get(key);
  if (known !== undefined) return known;
  const tokenizer = loadClipTokenizer(folder, rows, padding);
  shared.set(key, tokenizer);
  tokenizer.catch(() => shared.delete(key));
  return tokenizer;
}

/**
 * @param rows of the text encoder's embedding table: a token beyond them cannot be used
 * @param padding over what the folder names
 * @throws EngineError `corrupt_file` when the vocabulary lacks the two marks, or the padding
 */
export async function loadClipTokenizer(
  folder: string,
  rows = Number.POSITIVE_INFINITY,
  padding?: string,
): Promise<ClipTokenizer> {
  const files = await readTokenizerFiles(folder);
  const known = new Map([
    ...Object.entries(files.vocabulary),
    ...files.added.map(({ content, id }) => [content, id] as const),
  ]);
  const idOf = (token: string, what: string): number => {
    const id = known.get(token);
    if (id !== undefined && id < rows) return id;
    throw new EngineError(
      'corrupt_file',
      `${displayPath(files.file)} lacks ${token}, ${what}, so it is not this model's vocabulary. Download the tokenizer again.`,
      { file: files.file, token },
    );
  };
  const begin = idOf(BEGIN, "CLIP's start token");
  const end = idOf(END, "CLIP's end token");
  const padToken = padding ?? files.pad ?? END;
  const pad = idOf(padToken, 'its padding token');
  const marks: AddedToken[] = [
    { content: BEGIN, id: begin, normalized: true, singleWord: false },
    { content: END, id: end, normalized: false, singleWord: false },
    // The padding is a special token to the reference: where it is typed in a prompt, it is read as itself.
    { content: padToken, id: pad, normalized: false, singleWord: false },
  ];
  const added = new Map([...marks, ...files.added].map((token) => [token.content, token]));
  const split = splitAtAddedTokens([...added.values()], normalize, (token) => rowsOf(token, added, rows));
  const tokenizer = new Tokenizer(definition(files), {});
  const plain = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const encode = (text: string) => split(text).flatMap((part) => (part.kind === 'ids' ? part.ids : plain(part.text)));
  return {
    encode,
    begin,
    end,
    pad,
    comma: files.vocabulary[',</w>'],
    encodePadded: (text, length) => framed(encode(text), { begin, end, pad }, length),
  };
}

/** Begin, as many of the ids as fit, end, and padding: exactly `length` ids. */
export function framed(
  ids: readonly number[],
  { begin, end, pad }: Pick<ClipTokenizer, 'begin' | 'end' | 'pad'>,
  length: number,
): number[] {
  const framedIds = [begin, ...ids.slice(0, length - 2), end];
  return [...framedIds, ...new Array<number>(length - framedIds.length).fill(pad)];
}

/** The words that CLIP takes a text for: cased and parted as its tokenizer does it, marks left out. */
export function clipWords(text: string): readonly string[] {
  const words = new RegExp(WORDS, 'gu');
  return text.split(MARKS).flatMap((part, i) => (i % 2 === 1 ? [] : (normalize(part).match(words) ?? [])));
}

/**
 * A learned word of several vectors is saved as several tokens, `<cat>`, `<cat>_1`, `<cat>_2` …, of which people write the
 * first: diffusers' `maybe_convert_prompt`.
 * @throws EngineError `bad_request` for a word that the text encoder has no row for
 */
function rowsOf(token: AddedToken, added: ReadonlyMap<string, AddedToken>, rows: number): readonly number[] {
  const ids = [token.id];
  for (let next = nthOf(added, token, 1); next !== undefined; next = nthOf(added, token, ids.length)) ids.push(next.id);
  if (ids.every((id) => id < rows)) return ids;
  throw new EngineError(
    'bad_request',
    `The word "${token.content}" cannot be used: this model's tokenizer knows it, but its text encoder does not. Leave it out.`,
    { token: token.content },
  );
}

function nthOf(added: ReadonlyMap<string, AddedToken>, { content }: AddedToken, n: number): AddedToken | undefined {
  return added.get(`${content}_${n}`);
}

/** Lower case letter by letter, as the reference does: a whole-string lowercase would turn a final Σ into ς. */
function normalize(text: string): string {
  return Array.from(text.normalize('NFC').replace(/\p{White_Space}+/gu, ' '), (letter) => letter.toLowerCase()).join(
    '',
  );
}

/** What transformers' own converter writes for CLIP as tokenizer.json, but for lower case and marks. */
function definition({ vocabulary, merges }: TokenizerFiles): object {
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
      vocab: vocabulary,
      merges,
    },
  };
}
