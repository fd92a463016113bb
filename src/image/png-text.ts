import { inflateSync } from 'node:zlib';
import { encodeChunk, hasGoodCrc, type PngChunk, readChunks } from './png-chunks.ts';
import { decodeTextBytes } from './text-bytes.ts';

/** The key under which AUTOMATIC1111 and all that read its files keep a picture's recipe. */
const KEYWORD = 'parameters';
/** Bytes of one text, also after inflating: a file from elsewhere may claim anything. */
const MAX_TEXT_BYTES = 1 << 20;
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

/** The last readable `parameters` text; undefined when there is none, or the file is damaged before it. Never throws. */
export function readParameters(png: Uint8Array): string | undefined {
  let found: string | undefined;
  for (const chunk of readChunks(png)) {
    if (chunk.data.length > MAX_TEXT_BYTES || keywordOf(chunk) !== KEYWORD || !hasGoodCrc(png, chunk)) continue;
    found = decodeText(chunk) ?? found;
  }
  return found;
}

function encodeText(text: string): Uint8Array {
  const key = `${KEYWORD}\0`;
  const latin1 = Buffer.from(key + text, 'latin1');
  if (LATIN1_TEXT.test(text) && decodeTextBytes(latin1) === key + text) return encodeChunk('tEXt', latin1);
  // Not compressed (flag, method), no language, no translated keyword.
  return encodeChunk('iTXt', Buffer.from(`${key}\0\0\0\0${text}`, 'utf8'));
}

function keywordOf(chunk: PngChunk): string | undefined {
  if (chunk.type !== 'tEXt' && chunk.type !== 'zTXt' && chunk.type !== 'iTXt') return undefined;
  const end = chunk.data.indexOf(0);
  return end === -1 ? undefined : Buffer.from(chunk.data.subarray(0, end)).toString('latin1');
}

function decodeText(chunk: PngChunk): string | undefined {
  const rest = chunk.data.subarray(KEYWORD.length + 1);
  switch (chunk.type) {
    case 'tEXt':
      return decodeTextBytes(rest);
    case 'zTXt': {
      const text = inflate(rest.subarray(1));
      return text === undefined ? undefined : decodeTextBytes(text);
    }
    default:
      return decodeInternational(rest);
  }
}

/** iTXt after its keyword: compression flag and method, language, translated keyword, UTF-8 text. */
function decodeInternational(rest: Uint8Array): string | undefined {
  const language = rest.indexOf(0, 2);
  const translated = language === -1 ? -1 : rest.indexOf(0, language + 1);
  if (translated === -1) return undefined;
  const text = rest.subarray(translated + 1);
  const bytes = rest[0] === 0 ? Buffer.from(text) : inflate(text);
  return bytes?.toString('utf8');
}

function inflate(bytes: Uint8Array): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_TEXT_BYTES });
  } catch {
    return undefined;
  }
}
