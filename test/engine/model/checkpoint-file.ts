import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { golden, tinyModel } from '../goldens.ts';

/** A tensor as it will lie in a file. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata?: Readonly<Record<string, string>>,
): Buffer {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}

export async function storedTensors(file: string): Promise<Map<string, StoredTensor>> {
  const bytes = readFileSync(file);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, offset, length }] of await readSafetensors(file)) {
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(offset, offset + length) });
  }
  return tensors;
}

/** Float32 cut to bfloat16, to the nearest even. */
export function toBfloat16(tensor: StoredTensor): StoredTensor {
  const floats = new Float32Array(new Uint8Array(tensor.bytes).buffer);
  const halves = Uint16Array.from(
    new Uint32Array(floats.buffer),
    (bits) => (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16,
  );
  return { ...tensor, dtype: 'BF16', bytes: new Uint8Array(halves.buffer) };
}

/** The float32 numbers that bfloat16 keeps. */
export function roundToBfloat16(tensor: StoredTensor): StoredTensor {
  const halves = new Uint16Array(toBfloat16(tensor).bytes.slice().buffer);
  const bits = Uint32Array.from(halves, (half) => (half << 16) >>> 0);
  return { ...tensor, bytes: new Uint8Array(bits.buffer) };
}

interface NamesCase {
  readonly model: string;
  readonly layersPerBlock: number;
  readonly unet: Readonly<Record<string, string>>;
  readonly vae: Readonly<Record<string, string>>;
}

export function checkpointNames(model: string): NamesCase {
  const found = golden<{ cases: NamesCase[] }>('checkpoint-names').cases.find((entry) => entry.model === model);
  if (found === undefined) throw new Error(`no checkpoint names of ${model}`);
  return found;
}

const FILES = {
  unet: 'unet/diffusion_pytorch_model.safetensors',
  vae: 'vae/diffusion_pytorch_model.safetensors',
  textEncoder: 'text_encoder/model.safetensors',
} as const;

/** A tiny model in the names of a single-file checkpoint, by the golden names alone. */
export async function checkpointTensors(model: 'tiny-conv' | 'tiny-linear'): Promise<Map<string, StoredTensor>> {
  const names = checkpointNames(model);
  const checkpoint = new Map<string, StoredTensor>();
  for (const [part, prefix] of [
    ['unet', 'model.diffusion_model.'],
    ['vae', 'first_stage_model.'],
  ] as const) {
    const tensors = await storedTensors(join(tinyModel(model), FILES[part]));
    for (const [theirs, ours] of Object.entries(names[part])) {
      const tensor = tensors.get(ours);
      if (tensor === undefined) throw new Error(`${model} lacks ${ours}`);
      checkpoint.set(`${prefix}${theirs}`, tensor);
    }
  }
  const text = await storedTensors(join(tinyModel(model), FILES.textEncoder));
  for (const [name, tensor] of text) checkpoint.set(`cond_stage_model.transformer.${name}`, tensor);
  return checkpoint;
}

export async function writeCheckpoint(file: string, tensors: ReadonlyMap<string, StoredTensor>): Promise<void> {
  await writeFile(file, encodeSafetensors(tensors));
}

/** Every weights file of a diffusers folder, its tensors changed. */
export async function rewriteWeights(folder: string, change: (tensor: StoredTensor) => StoredTensor): Promise<void> {
  for (const file of Object.values(FILES)) {
    const tensors = await storedTensors(join(folder, file));
    const changed = new Map(
      [...tensors].map(([name, tensor]) => [name, tensor.dtype === 'F32' ? change(tensor) : tensor]),
    );
    await writeFile(join(folder, file), encodeSafetensors(changed));
  }
}
