import { type FileHandle, open } from 'node:fs/promises';
import { EngineError } from '../errors.ts';
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

/** As `readTensor`, from a file that is open. */
export async function readTensorFrom(handle: FileHandle, ref: TensorRef): Promise<Float32Array> {
  // Exactly as long as the tensor and at offset 0, so that a typed array can be laid over it.
  const bytes = new Uint8Array(ref.length);
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, ref.offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return widen(ref, bytes);
}

function widen(ref: TensorRef, { buffer }: Uint8Array<ArrayBuffer>): Float32Array {
  switch (ref.dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'BF16':
      return widenBrain(new Uint16Array(buffer));
    case 'F16':
      return widenHalf(new Uint16Array(buffer));
    case 'I64':
    case 'I32':
    case 'I16':
    case 'I8':
    case 'U8':
    case 'BOOL':
      throw new EngineError(
        'unsupported_model',
        `Tensor "${ref.name}" in ${ref.file} is ${ref.dtype}; Easel reads F32, F16 and BF16 weights.`,
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
