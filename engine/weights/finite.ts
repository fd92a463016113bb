import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngineError } from '../errors.ts';
import { EIGHT_BIT_FLOATS } from './eight-bit-floats.ts';
import { readFully } from './read-fully.ts';
import type { TensorDtype, TensorRef } from './safetensors.ts';

/** Bytes read at once; a multiple of every number's size. */
const CHUNK = 1 << 24;

/** All bits of the exponent: a number that has them is infinite or none at all (IEEE 754). */
const EXPONENT = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 } as const;

/**
 * Reads every number of these tensors once.
 * @throws EngineError `corrupt_file` naming the first tensor with a number that is infinite or none at all: one such
 * weight blackens every picture, after minutes
 */
export async function refuseNotFinite(tensors: readonly TensorRef[]): Promise<void> {
  const longest = tensors.reduce((bytes, { length }) => Math.max(bytes, length), 0);
  const buffer = new ArrayBuffer(Math.min(CHUNK, longest));
  const handles = new Map<string, FileHandle>();
  try {
    for (const tensor of [...tensors].sort(byPlace)) {
      const handle = handles.get(tensor.file) ?? (await open(tensor.file, 'r'));
      handles.set(tensor.file, handle);
      await scan(tensor, handle, buffer);
    }
  } finally {
    for (const handle of handles.values()) await handle.close();
  }
}

async function scan(tensor: TensorRef, handle: FileHandle, buffer: ArrayBuffer): Promise<void> {
  for (let at = 0; at < tensor.length; ) {
    const wanted = Math.min(CHUNK, tensor.length - at);
    const bytesRead = await readFully(handle, new Uint8Array(buffer, 0, wanted), tensor.offset + at);
    if (!areFinite(tensor.dtype, buffer, bytesRead)) throw notFinite(tensor);
    if (bytesRead < wanted) return;
    at += bytesRead;
  }
}

function areFinite(dtype: TensorDtype, buffer: ArrayBuffer, length: number): boolean {
  switch (dtype) {
    case 'F32':
      return lacks(new Int32Array(buffer, 0, length >> 2), EXPONENT.F32);
    case 'F16':
    case 'BF16':
      return lacks(new Uint16Array(buffer, 0, length >> 1), EXPONENT[dtype]);
    case 'F64':
      // What single precision cannot hold is infinite to the network.
      return new Float64Array(buffer, 0, length >> 3).every((value) => Number.isFinite(Math.fround(value)));
    case 'F8_E4M3':
    case 'F8_E5M2':
      return new Uint8Array(buffer, 0, length).every((bits) => Number.isFinite(EIGHT_BIT_FLOATS[dtype][bits] ?? 0));
    case 'I64':
    case 'I32':
    case 'I16':
    case 'I8':
    case 'U64':
    case 'U32':
    case 'U16':
    case 'U8':
    case 'BOOL':
      return true;
  }
}

function lacks(bits: Int32Array | Uint16Array, exponent: number): boolean {
  for (let i = 0; i < bits.length; i += 1) if (((bits[i] ?? 0) & exponent) === exponent) return false;
  return true;
}

function byPlace(a: TensorRef, b: TensorRef): number {
  return a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1;
}

/** The refusal of such a tensor. */
export function notFinite({ name, file }: TensorRef): EngineError {
  return new EngineError(
    'corrupt_file',
    `Tensor "${name}" in ${basename(file)} holds values that are not numbers (NaN or infinity): the file is damaged; download it again, or use another.`,
    { file, tensor: name },
  );
}
