import type { Latents } from '../../engine/index.ts';

/**
 * Latents as one safetensors tensor named `latents`: 8 bytes of header length, little endian; a JSON header; float32
 * little endian. Other tools can read the file.
 */
export function encodeLatents(latents: Latents): Uint8Array {
  const { data, shape } = latents;
  const header = { latents: { dtype: 'F32', shape, data_offsets: [0, data.byteLength] } };
  const json = JSON.stringify(header);
  // Padded with spaces, so that the numbers lie aligned to 8 bytes.
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8), 'utf8');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 4096;

/** Undefined for a file that is cut off or is not one `encodeLatents` wrote: the recipe makes latents again. */
export function decodeLatents(bytes: Uint8Array): Latents | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < LENGTH_BYTES) return undefined;
  const headerBytes = Number(buffer.readBigUInt64LE());
  if (headerBytes > MAX_HEADER_BYTES || LENGTH_BYTES + headerBytes > buffer.length) return undefined;
  const shape = parseShape(buffer.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  if (shape === undefined) return undefined;
  const values = buffer.subarray(LENGTH_BYTES + headerBytes);
  const [channels, height, width] = shape;
  if (values.length !== channels * height * width * Float32Array.BYTES_PER_ELEMENT) return undefined;
  // A copy: the file's buffer need not be aligned, and may be pooled.
  return { shape, data: new Float32Array(Uint8Array.from(values).buffer) };
}

function parseShape(header: string): Latents['shape'] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(header);
  } catch {
    return undefined;
  }
  const tensor = property(parsed, 'latents');
  const shape = property(tensor, 'shape');
  if (property(tensor, 'dtype') !== 'F32' || !Array.isArray(shape) || shape.length !== 3) return undefined;
  const [channels, height, width] = shape.map((side) => (Number.isSafeInteger(side) && side > 0 ? Number(side) : 0));
  return channels && height && width ? [channels, height, width] : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
