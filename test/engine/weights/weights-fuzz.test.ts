import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isEngineError } from '../../../engine/errors.ts';
import { createAdapter } from '../../../engine/lora/adapter.ts';
import { readLora } from '../../../engine/lora/lora.ts';
import { readCheckpoint } from '../../../engine/model/checkpoint.ts';
import { fileKind } from '../../../engine/weights/file-kind.ts';
import { refuseNotFinite } from '../../../engine/weights/finite.ts';
import { readSafetensors, TENSOR_DTYPES } from '../../../engine/weights/safetensors.ts';
import { readTensor } from '../../../engine/weights/tensor-data.ts';
import { readLearnedWords } from '../../../engine/weights/textual-inversion.ts';
import { runs } from '../../full-run.ts';
import { checkpointTensors, encodeSafetensors, type StoredTensor } from '../model/checkpoint-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'easel-weights-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** No sentence that a person is to read is longer. */
const LONGEST_SENTENCE = 600;
/** Characters of a tensor's name, beyond which a file is taken for damaged. */
const LONGEST_NAME = 256;
/** Milliseconds for one file of a few kilobytes, on a machine that is busy. */
const PATIENCE = 2000;
const BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U64: 8,
  U32: 4,
  U16: 2,
};

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'strange.safetensors');
  await writeFile(path, bytes);
  return path;
}

/** Whatever happens is a result or a sentence, and soon. */
async function settles<T>(work: Promise<T>): Promise<T | undefined> {
  const began = performance.now();
  const result: unknown = await work.catch((error: unknown) => error);
  expect(performance.now() - began).toBeLessThan(PATIENCE);
  if (!(result instanceof Error)) return result as T;
  if (!isEngineError(result)) throw result;
  expect(result.message.length).toBeLessThan(LONGEST_SENTENCE);
  expect(result.message).not.toMatch(/undefined|NaN bytes|\[object/);
  return undefined;
}

/** Names that some reader looks for, and others. */
const layer = fc.constantFrom('mid_block_attentions_0_proj_in', 'down_blocks_0_resnets_0_conv1', 'x');
const name = fc.oneof(
  fc
    .tuple(fc.constantFrom('lora_unet_', 'lora_te_', 'unet.', ''), layer, fc.constantFrom('.lora_down', '.lora_up', ''))
    .map(([network, module, role]) => `${network}${module}${role}.weight`),
  layer.map((module) => `lora_unet_${module}.alpha`),
  fc.constantFrom('emb_params', '*', 'clip_g', 'clip_l', '<word>', '__proto__', 'constructor', ''),
  fc.constantFrom(
    'model.diffusion_model.input_blocks.0.0.weight',
    'model.diffusion_model.out.2.weight',
    'cond_stage_model.transformer.text_model.embeddings.token_embedding.weight',
    'first_stage_model.decoder.conv_in.weight',
    'first_stage_model.encoder.down.0.block.0.conv1.weight',
    'v_pred',
  ),
  fc.string({ maxLength: 8 }),
  fc.string({ minLength: 300, maxLength: 2000 }),
);
const tensor = fc
  .tuple(
    fc.constantFrom(...TENSOR_DTYPES),
    fc.array(fc.oneof(fc.nat(4), fc.constant(1)), { maxLength: 4 }),
    fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }),
  )
  .map(([dtype, shape, pattern]): StoredTensor => {
    const length = shape.reduce((product, side) => product * side, BYTES[dtype] ?? 1);
    return { dtype, shape, bytes: Uint8Array.from({ length }, (_, i) => pattern[i % pattern.length] ?? 0) };
  });
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 8 }).map((entries) => new Map(entries));

describe('a file of weights', () => {
  test('that is well formed is read to the letter, whatever it is called and holds', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, async (stored) => {
        for (const key of stored.keys()) if (key === '__proto__' || key.length > LONGEST_NAME) stored.delete(key);
        const bytes = encodeSafetensors(stored);
        const index = await readSafetensors(await fileOf(bytes));
        expect([...index.keys()].sort()).toEqual([...stored.keys()].sort());
        for (const [key, { offset, length, shape, dtype }] of index) {
          expect(bytes.subarray(offset, offset + length).equals(stored.get(key)?.bytes ?? Buffer.alloc(0))).toBe(true);
          expect({ shape, dtype }).toEqual({ shape: stored.get(key)?.shape, dtype: stored.get(key)?.dtype });
        }
      }),
      { numRuns: runs(200) },
    );
  });

  test('of any tensors is taken for what it is, or refused with a sentence, by every reader', async () => {
    const slot = { name: 'mid_block.attentions.0.proj_in', inChannels: 2, outChannels: 2, kernel: 1 } as const;
    await fc.assert(
      fc.asyncProperty(tensors, async (stored) => {
        const file = await fileOf(encodeSafetensors(stored));
        const index = await settles(readSafetensors(file));
        if (index === undefined) return;
        expect(fileKind(index.keys()).kind).toMatch(/^(checkpoint|lora|embedding|vae|unet|foreign|unknown)$/);
        await settles(readCheckpoint(file));
        await settles(readLearnedWords(new Map([['word', file]]), { widths: [2], room: 75 }));
        const lora = await settles(readLora(file, { layersPerBlock: 2 }));
        if (lora === undefined) return;
        const slots = [{ ...slot, kind: 'linear' } as const];
        const adapter = await settles(createAdapter(slots, [{ lora, strengths: { textEncoder: 1, unet: 1 } }], 'unet'));
        for (const { data } of Object.values(adapter ?? {})) {
          expect((data as Float32Array).every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: runs(400) },
    );
  });

  test('says of each number whether it is one', async () => {
    await fc.assert(
      fc.asyncProperty(tensor, async (stored) => {
        const [ref] = (await readSafetensors(await fileOf(encodeSafetensors(new Map([['a', stored]]))))).values();
        if (ref === undefined) throw new Error('there is one tensor');
        const floats = await readTensor(ref).catch((error: unknown) => {
          expect(isEngineError(error)).toBe(true);
          return undefined;
        });
        if (floats === undefined) return;
        const refused = await refuseNotFinite([ref]).then(
          () => false,
          () => true,
        );
        expect(refused).toBe(!floats.every(Number.isFinite));
      }),
      { numRuns: runs(200) },
    );
  });

  test('of a whole model with some tensors gone, reshaped, renamed or of another type is refused or read', async () => {
    const whole = [...(await checkpointTensors('tiny-conv'))];
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      how: fc.constantFrom('drop', 'flatten', 'type', 'rename', 'empty') as fc.Arbitrary<Damage>,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 40 }), async (changes) => {
        const entries: [string, StoredTensor][] = whole.map(([key, stored]) => [key, stored]);
        for (const { at, how } of changes) {
          const [key, stored] = entries[at] ?? ['', EMPTY];
          entries[at] = damaged(key, stored, how);
        }
        const kept = entries.filter(([key]) => key !== '');
        await settles(readCheckpoint(await fileOf(encodeSafetensors(new Map(kept)))));
      }),
      { numRuns: runs(60) },
    );
  });
});

type Damage = 'drop' | 'flatten' | 'type' | 'rename' | 'empty';
const EMPTY: StoredTensor = { dtype: 'F32', shape: [0], bytes: new Uint8Array() };

function damaged(name: string, stored: StoredTensor, how: Damage): [string, StoredTensor] {
  switch (how) {
    case 'drop':
      return ['', EMPTY];
    case 'flatten':
      return [name, { ...stored, shape: [stored.shape.reduce((product, side) => product * side, 1)] }];
    case 'type':
      return [name, { ...stored, dtype: 'I32' }];
    case 'rename':
      return [name.replace(/\d/, '77'), stored];
    case 'empty':
      return [name, EMPTY];
  }
}
