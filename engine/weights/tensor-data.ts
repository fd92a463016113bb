import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngineError } from '../errors.ts';
import { EIGHT_BIT_FLOATS } from './eight-bit-floats.ts';
import { readFully } from './read-fully.ts';
import type { TensorRef } from './safetensors.ts';

/** A tensor's numbers, widened to float32. @throws EngineError when they are not floating-point, or cannot be read. */
export async function readTensor(ref: TensorRef): Promise<Float32Array> {
  const handle = await open(ref.file, 'r');
  try {
    return await readTensorFrom(handle, ref);
  } finally {
    await handle.close();
  }
}

/** A tensor of one number, whichever numeric type it has. @throws EngineError when it holds more, or cannot be read. */
export async function readScalar(ref: TensorRef): Promise<number> {
  if (ref.shape.some((side) => side !== 1)) {
    throw new EngineError(
      'corrupt_file',
      `Tensor "${ref.name}" in ${basename(ref.file)} should be a single number but has the shape [${ref.shape}]; use another file.`,
      { file: ref.file, tensor: ref.name },
    );
  }
  const handle = await open(ref.file, 'r');
  try {
    const bytes = await readBytes(handle, ref);
    return readInteger(ref, bytes) ?? widen(ref, bytes)[0] ?? Number.NaN;
  } finally {
    await handle.close();
  }
}

/** As `readTensor`, from a file that is open. */
async function readTensorFrom(handle: FileHandle, ref: TensorRef): Promise<Float32Array> {
  return widen(ref, await readBytes(handle, ref));
}

async function readBytes(handle: FileHandle, ref: TensorRef): Promise<Uint8Array<ArrayBuffer>> {
  // Exactly as long as the tensor and at offset 0, so that a typed array can be laid over it.
  const bytes = new Uint8Array(ref.length);
  await readFully(handle, bytes, ref.offset);
  return bytes;
}

/** Undefined for types that are no integers. */
function readInteger({ dtype }: TensorRef, { buffer }: Uint8Array<ArrayBuffer>): number | undefined {
  const view = new DataView(buffer);
  switch (dtype) {
    case 'I64':
      return Number(view.getBigInt64(0, true));
    case 'U64':
      return Number(view.getBigUint64(0, true));
    case 'I32':
      return view.getInt32(0, true);
    case 'U32':
      return view.getUint32(0, true);
    case 'I16':
      return view.getInt16(0, true);
    case 'U16':
      return view.getUint16(0, true);
    case 'I8':
      return view.getInt8(0);
    case 'U8':
    case 'BOOL':
      return view.getUint8(0);
    default:
      return undefined;
  }
}

function widen(ref: TensorRef, { buffer }: Uint8Array<ArrayBuffer>): Float32Array {
  const { dtype } = ref;
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'BF16':
      return widenBrain(new Uint16Array(buffer));
    case 'F16':
      return widenHalf(new Uint16Array(buffer));
    case 'F8_E4M3':
    case 'F8_E5M2':
      return Float32Array.from(new Uint8Array(buffer), (bits) => EIGHT_BIT_FLOATS[dtype][bits] ?? 0);
    case 'I64':
    case 'I32':
    case 'I16':
    case 'I8':
    case 'U64':
    case 'U32':
    case 'U16':
    case 'U8':
    case 'BOOL':
      throw new EngineError(
        'unsupported_model',
        `Tensor "${ref.name}" in ${basename(ref.file)} is ${ref.dtype}; Easel reads F32, F16 and BF16 weights.`,
        { file: ref.file, tensor: ref.name, dtype: ref.dtype },
      );
  }
}

/** A bfloat16 is the upper half of a float32. Loops, since `from` with a function takes fifteen times as long. */
function widenBrain(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) bits[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

function widenHalf(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) floats[i] = HALVES[halves[i] ?? 0] ?? 0;
  return floats;
}

/** Every half-precision number by its bits: sign, 5 bits of exponent, 10 of fraction (IEEE 754-2008). */
const HALVES = Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
  const sign = bits < 0x8000 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 0x400;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
});
