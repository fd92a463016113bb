import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { EngineError } from '../errors.ts';
import { refuseNotFinite } from '../weights/finite.ts';
import { readTensor } from '../weights/tensor-data.ts';
import { type Int8Layer, inputsOf, matrixName, scalesName } from './int8-weights.ts';
import { quantise } from './quantise.ts';

/**
 * Quantises these layers one after the other into a safetensors file, which is there whole or not at all. At most one
 * layer's numbers are in memory.
 * @throws EngineError `corrupt_file` naming a tensor with a number that is not finite; the error of a disk that is full
 */
export async function writeInt8File(file: string, layers: readonly Int8Layer[]): Promise<void> {
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.write(headerOf(layers));
      for (const { weight, outputs, channels, kernel } of layers) {
        const numbers = await readTensor(weight);
        try {
          const { matrix, scales } = quantise(numbers, outputs, channels, kernel);
          await handle.appendFile(new Uint8Array(scales.buffer));
          await handle.appendFile(new Uint8Array(matrix.buffer));
        } catch (error) {
          if (error instanceof RangeError) await refuseNotFinite([weight]);
          throw error;
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}

/** Floats come first in each layer, so that they lie on a multiple of four bytes where every matrix does. */
function headerOf(layers: readonly Int8Layer[]): Buffer {
  const entries: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = {};
  let at = 0;
  const add = (name: string, dtype: string, shape: number[], bytes: number) => {
    if (name in entries) throw new EngineError('internal', `Two layers are called ${name}; please report this.`, {});
    entries[name] = { dtype, shape, data_offsets: [at, at + bytes] };
    at += bytes;
  };
  for (const layer of layers) {
    const { outputs, weight } = layer;
    add(scalesName(weight.name), 'F32', [outputs], 4 * outputs);
    add(matrixName(weight.name), 'I8', [inputsOf(layer), outputs], inputsOf(layer) * outputs);
  }
  const json = Buffer.from(JSON.stringify(entries));
  // The data begin on a multiple of eight bytes, as the format asks.
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}
