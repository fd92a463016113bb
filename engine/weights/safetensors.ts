import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { looksPickled, pickleError, refusePickleName } from './pickle.ts';
import { openPlainFile } from './plain-file.ts';
import { readFully } from './read-fully.ts';

/**
 * Reads the header of a safetensors file: u64 little-endian header length, JSON header, data.
 * Every number in it is untrusted and checked against the file before use.
 * Format: https://github.com/huggingface/safetensors#format
 */

/** The format's names of number types. */
export const TENSOR_DTYPES = [
  ...(['F32', 'F16', 'BF16', 'F64', 'F8_E4M3', 'F8_E5M2'] as const),
  ...(['I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8', 'BOOL'] as const),
] as const;
export type TensorDtype = (typeof TENSOR_DTYPES)[number];

const BYTES: Readonly<Record<TensorDtype, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** The format's own bound on the header, bytes. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 8;
/** Characters; real names have a hundred. Sentences quote them. */
const MAX_NAME = 256;
const MAX_DTYPE = 16;

/** Where one tensor's bytes lie. */
export interface TensorRef {
  readonly name: string;
  /** Absolute path, links resolved. */
  readonly file: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

const headerEntry = z.object({
  dtype: z.string().max(MAX_DTYPE),
  shape: z.array(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)).max(MAX_RANK),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string());

/** A file's header: where its tensors lie, and its metadata. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** What the file's maker wrote beside the tensors; empty when nothing. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws EngineError `missing_file` or `corrupt_file`, naming the file and what is wrong in it. */
export async function readSafetensors(path: string): Promise<ReadonlyMap<string, TensorRef>> {
  return (await readSafetensorsFile(path)).tensors;
}

/** As `readSafetensors`, with the metadata. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  refusePickleName(path);
  const { handle, size } = await openPlainFile(path);
  try {
    const prefix = Buffer.alloc(8);
    const bytesRead = await readFully(handle, prefix, 0);
    if (looksPickled(prefix)) throw pickleError(path);
    if (bytesRead < 8) throw corrupt(path, `it is only ${size} bytes long`);
    const headerLength = prefix.readBigUInt64LE();
    if (headerLength > BigInt(MAX_HEADER_BYTES) || headerLength < 2n) {
      throw corrupt(path, `its header claims ${headerLength} bytes; this is not a safetensors file`);
    }
    const dataStart = 8 + Number(headerLength);
    if (dataStart > size) throw corrupt(path, `its header ends at byte ${dataStart} but the file at ${size}`);
    const header = Buffer.alloc(Number(headerLength));
    if ((await readFully(handle, header, 8)) < header.length)
      throw corrupt(path, 'its header cannot be read completely');
    return parseHeader(header.toString('utf8'), path, await realpath(path), dataStart, size);
  } finally {
    await handle.close();
  }
}

function parseHeader(json: string, path: string, file: string, dataStart: number, fileSize: number): SafetensorsFile {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw corrupt(path, 'its header is not JSON', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw corrupt(path, 'its header is not a JSON object');
  }
  const tensors = new Map<string, TensorRef>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = metadataSchema.safeParse(value).data ?? {};
    else tensors.set(name, parseTensor(name, value, path, file, dataStart, fileSize));
  }
  refuseOverlap([...tensors.values()], path);
  return { tensors, metadata };
}

function parseTensor(
  name: string,
  value: unknown,
  path: string,
  file: string,
  dataStart: number,
  fileSize: number,
): TensorRef {
  if (name.length > MAX_NAME) throw corrupt(path, `it names a tensor in ${name.length} characters`);
  const entry = headerEntry.safeParse(value);
  if (!entry.success) throw corrupt(path, `its entry for tensor "${name}" is malformed`);
  const { shape, data_offsets } = entry.data;
  const dtype = TENSOR_DTYPES.find((known) => known === entry.data.dtype);
  if (dtype === undefined) {
    throw new EngineError(
      'unsupported_model',
      `Tensor "${name}" in ${basename(path)} has type ${entry.data.dtype}; use a file with F32, F16 or BF16 weights.`,
      { file: path, tensor: name, dtype: entry.data.dtype },
    );
  }
  const [begin, end] = data_offsets;
  const bytes = shape.reduce((product, side) => product * side, BYTES[dtype]);
  if (end < begin || end - begin !== bytes) {
    throw corrupt(path, `tensor "${name}" spans ${end - begin} bytes where its shape [${shape}] needs ${bytes}`);
  }
  if (dataStart + end > fileSize) {
    throw corrupt(
      path,
      `tensor "${name}" ends at byte ${dataStart + end} but the file at ${fileSize}: it is truncated`,
    );
  }
  return { name, file, dtype, shape, offset: dataStart + begin, length: bytes };
}

function refuseOverlap(tensors: readonly TensorRef[], path: string): void {
  const ordered = tensors.filter((tensor) => tensor.length > 0).sort((a, b) => a.offset - b.offset);
  for (const [i, tensor] of ordered.entries()) {
    const next = ordered[i + 1];
    if (next !== undefined && tensor.offset + tensor.length > next.offset) {
      throw corrupt(path, `tensors "${tensor.name}" and "${next.name}" overlap`);
    }
  }
}

function corrupt(path: string, what: string, cause?: unknown): EngineError {
  return new EngineError(
    'corrupt_file',
    `The weights file ${displayPath(path)} is damaged: ${what}. Download it again.`,
    { file: path },
    cause,
  );
}
