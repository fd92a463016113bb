import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { encodeChunk, hasGoodCrc, type PngChunk, readChunks } from './png-chunks.ts';
import { decodeTextBytes } from './text-bytes.ts';

/** The key under which AUTOMATIC1111 and all that read its files keep a picture's recipe. */
const KEYWORD = 'parameters';
/** Bytes of all texts of a file together, also after inflating: a file from elsewhere may claim anything. */
const MAX_TEXT_BYTES = 1 << 20;
/** Texts of a file that are looked into, the last ones. Encoders write one. */
const MAX_TEXTS = 8;
const MAX_KEYWORD_BYTES = 79;
/** The PNG specification's Latin-1: printable characters and line feed. */
const LATIN1_TEXT = /^[\n\x20-\x7e\xa0-\xff]*$/;

/**
 * The same PNG with a `parameters` chunk: tEXt where Latin-1 can write the text and no reader takes it for UTF-8, else
 * iTXt. It stands before the pixels,
 * for readers that stop there (Pillow's `info`, sharp's `metadata`); earlier `parameters` chunks are dropped.
 * Write it last of all: encoders drop it.
 * @throws RangeError when `png` is no complete PNG or `text` holds a NUL or is longer than 1 MiB
 */
export function writeParameters(png: Uint8Array, text: string): Uint8Array {
  const chunks = [...readChunks(png)];
  const last = chunks.at(-1);
  if (last?.type !== 'IEND') throw new RangeError('not a complete PNG');
  if (text.includes('\0')) throw new RangeError('PNG text cannot hold NUL');
  const written = encodeText(text);
  if (written.length > MAX_TEXT_BYTES) throw new RangeError(`PNG text is limited to ${MAX_TEXT_BYTES} bytes`);
  const pixels = chunks.find((chunk) => chunk.type === 'IDAT') ?? last;
  const kept = (from: number, to: number) =>
    chunks
      .filter((chunk) => chunk.start >= from && chunk.end <= to && keywordOf(chunk) !== KEYWORD)
      .map((chunk) => png.subarray(chunk.start, chunk.end));
  const signature = png.subarray(0, chunks[0]?.start);
  const parts = [signature, ...kept(0, pixels.start), written, ...kept(pixels.start, last.end)];
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * The last readable `parameters` text; undefined when there is none, or the file is damaged before it. Never rejects.
 * Inflates outside the main thread, and no more than `MAX_TEXT_BYTES` of a file.
 */
export async function readParameters(png: Uint8Array): Promise<string | undefined> {
  const texts: PngChunk[] = [];
  for (const chunk of readChunks(png)) {
    if (keywordOf(chunk) !== KEYWORD) continue;
    texts.push(chunk);
    if (texts.length > MAX_TEXTS) texts.shift();
  }
  let left = MAX_TEXT_BYTES;
  for (const chunk of texts.reverse()) {
    if (chunk.data.length > left) continue;
    // Checking and inflating cost as much when they fail.
    left -= chunk.data.length;
    if (!hasGoodCrc(png, chunk)) continue;
    const { text, inflated } = await decodeText(chunk, left);
    if (text !== undefined) return text;
    left -= inflated;
  }
  return undefined;
}

function encodeText(text: string): Uint8Array {
  const key = `${KEYWORD}\0`;
  const latin1 = Buffer.from(key + text, 'latin1');
  if (LATIN1_TEXT.test(text) && decodeTextBytes(latin1) === key + text) return encodeChunk('tEXt', latin1);
  // Not compressed (flag, method), no language, no translated keyword.
  return encodeChunk('iTXt', Buffer.from(`${key}\0\0\0\0${text}`, 'utf8'));
}

/** Only of text chunks whose keyword ends where the specification lets it end. */
function keywordOf(chunk: PngChunk): string | undefined {
  if (chunk.type !== 'tEXt' && chunk.type !== 'zTXt' && chunk.type !== 'iTXt') return undefined;
  const start = chunk.data.subarray(0, MAX_KEYWORD_BYTES + 1);
  const end = start.indexOf(0);
  return end === -1 ? undefined : Buffer.from(start.subarray(0, end)).toString('latin1');
}

interface Decoded {
  /** Undefined when it cannot be read. */
  readonly text: string | undefined;
  /** Bytes that inflating may have made in vain. */
  readonly inflated: number;
}

/** @param most bytes to inflate */
async function decodeText(chunk: PngChunk, most: number): Promise<Decoded> {
  const rest = chunk.data.subarray(KEYWORD.length + 1);
  switch (chunk.type) {
    case 'tEXt':
      return { text: decodeTextBytes(rest), inflated: 0 };
    case 'zTXt':
      return inflateText(rest.subarray(1), decodeTextBytes, most);
    default:
      return decodeInternational(rest, most);
  }
}

/** iTXt after its keyword: compression flag and method, language, translated keyword, UTF-8 text. */
async function decodeInternational(rest: Uint8Array, most: number): Promise<Decoded> {
  const language = rest.indexOf(0, 2);
  const translated = language === -1 ? -1 : rest.indexOf(0, language + 1);
  if (translated === -1) return { text: undefined, inflated: 0 };
  const text = rest.subarray(translated + 1);
  return rest[0] === 0 ? { text: decodeUtf8(text), inflated: 0 } : inflateText(text, decodeUtf8, most);
}

function decodeUtf8(text: Uint8Array): string {
  return Buffer.from(text).toString('utf8');
}

const inflateAsync = promisify(inflate);

async function inflateText(bytes: Uint8Array, decode: (text: Uint8Array) => string, most: number): Promise<Decoded> {
  if (most === 0) return { text: undefined, inflated: 0 };
  try {
    const text = await inflateAsync(bytes, { maxOutputLength: most });
    return { text: decode(text), inflated: text.length };
  } catch {
    return { text: undefined, inflated: most };
  }
}
