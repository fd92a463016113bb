import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isEngineError } from '../../../engine/errors.ts';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { WeightSet } from '../../../engine/weights/weight-set.ts';
import { runs } from '../../full-run.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'easel-weights-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'model.safetensors');
  await writeFile(path, bytes);
  return path;
}

/** A file with this header before `dataBytes` of zeros, its length claimed as told. */
function safetensors(header: unknown, dataBytes: number, claimed?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]);
}

const tensor = (begin: number, end: number, shape: readonly number[], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('a safetensors file', () => {
  test('gives where each tensor lies', async () => {
    const path = await fileOf(safetensors({ __metadata__: { format: 'pt' }, a: tensor(0, 16, [2, 2]) }, 16));
    const ref = (await readSafetensors(path)).get('a');
    expect(ref).toMatchObject({ dtype: 'F32', shape: [2, 2], length: 16 });
  });

  test.each([
    ['is empty', Buffer.alloc(0), /only 0 bytes long/],
    ['ends within its header', safetensors('{}', 0, 500n), /header ends at byte 508 but the file at 10/],
    ['claims a header of exabytes', safetensors('{}', 0, 2n ** 63n), /is not a safetensors file/],
    ['has a header that is not JSON', safetensors('{"a":', 0), /header is not JSON/],
    ['has a header that is a list', safetensors([], 0), /not a JSON object/],
    ['has an entry without offsets', safetensors({ a: { dtype: 'F32', shape: [1] } }, 4), /entry for tensor "a"/],
    ['has a negative side', safetensors({ a: tensor(0, 4, [-1]) }, 4), /entry for tensor "a"/],
    ['has offsets that run backwards', safetensors({ a: tensor(4, 0, [1]) }, 8), /"a" spans -4 bytes/],
    ['has a shape that does not fit its bytes', safetensors({ a: tensor(0, 8, [4]) }, 8), /spans 8 bytes.*needs 16/],
    ['is truncated', safetensors({ a: tensor(0, 16, [4]) }, 12), /tensor "a" ends at byte .* truncated/],
    [
      'has tensors that overlap',
      safetensors({ a: tensor(0, 8, [2]), b: tensor(4, 12, [2]) }, 12),
      /"a" and "b" overlap/,
    ],
    ['has a type of the future', safetensors({ a: tensor(0, 1, [1], 'F4') }, 1), /has type F4; use a file with/],
  ])('that %s is refused with the file, the fault and what to do', async (_what, bytes, sentence) => {
    const path = await fileOf(bytes);
    const error = await readSafetensors(path).catch((caught: unknown) => caught);
    expect(isEngineError(error)).toBe(true);
    expect(String(error)).toMatch(sentence);
    expect(String(error)).toContain('model.safetensors');
    expect(String(error)).toMatch(/Download it again|use a file with/);
  });

  test('that is not there is refused by name', async () => {
    await expect(readSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow(
      /none\.safetensors cannot be opened/,
    );
  });

  test.each([
    ['old.ckpt', Buffer.alloc(0)],
    ['model.safetensors', Buffer.from('PK\u0003\u0004 and what torch.save writes')],
    ['model.safetensors', Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20])],
  ])('that is a pickle, here %s, is refused with the reason', async (name, bytes) => {
    await writeFile(join(folder, name), bytes);
    await expect(readSafetensors(join(folder, name))).rejects.toThrow(
      `${name} is a pickle file, which can run code when it is opened; use the same weights as .safetensors.`,
    );
  });

  describe('of any bytes at all is read or refused, never crashed on', () => {
    const readOrRefused = async (file: Uint8Array) => {
      const result = await readSafetensors(await fileOf(file)).catch((caught: unknown) => caught);
      if (result instanceof Map)
        for (const ref of result.values()) expect(ref.offset + ref.length).toBeLessThanOrEqual(file.length);
      else expect(isEngineError(result)).toBe(true);
    };
    const whole = safetensors(
      { __metadata__: { format: 'pt' }, 'a.weight': tensor(0, 16, [2, 2]), b: tensor(16, 24, [4], 'F16') },
      24,
    );

    test('with a header of any shape', async () => {
      const header = fc.dictionary(
        fc.string({ maxLength: 5 }),
        fc.oneof(
          fc.record({
            dtype: fc.constantFrom('F32', 'F16', 'BF16', 'I64', 'X'),
            shape: fc.array(fc.oneof(fc.nat(4), fc.maxSafeInteger(), fc.double()), { maxLength: 10 }),
            data_offsets: fc.oneof(
              fc.tuple(fc.nat(80), fc.nat(80)),
              fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger()),
            ),
          }),
          fc.jsonValue({ maxDepth: 1 }),
        ),
      );
      const file = fc.tuple(header, fc.nat(64)).map(([entries, size]) => safetensors(entries, size));
      await fc.assert(fc.asyncProperty(file, readOrRefused), { numRuns: runs(1500) });
    });

    test('of noise', async () => {
      await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), readOrRefused), { numRuns: runs(1500) });
    });

    test('of a whole file with some bytes changed, and cut short', async () => {
      const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
      const file = fc.tuple(fc.array(change, { maxLength: 4 }), fc.nat(whole.length)).map(([changes, length]) => {
        const bytes = Buffer.from(whole);
        for (const { at, byte } of changes) bytes[at] = byte;
        return bytes.subarray(0, length);
      });
      await fc.assert(fc.asyncProperty(file, readOrRefused), { numRuns: runs(3000) });
    });

    test('nested a hundred thousand deep', () => readOrRefused(safetensors('['.repeat(100_000), 0)));
  });
});

describe('a set of weights', () => {
  const ref = (shape: readonly number[], dtype: 'F32' | 'I8' = 'F32') =>
    ({ name: 'conv.weight', file: '/m/x.safetensors', dtype, shape, offset: 0, length: 0 }) as const;
  const setOf = (entry: ReturnType<typeof ref>) => new WeightSet(new Map([[entry.name, entry]]), 'unet/x.safetensors');

  test('finds a tensor under any of its published names', () => {
    expect(setOf(ref([4])).tensor(['new.weight', 'conv.weight'], [4]).name).toBe('conv.weight');
  });

  test('takes a 1×1 convolution for the linear layer that it is', () => {
    expect(setOf(ref([8, 4, 1, 1])).tensor('conv.weight', [8, 4]).shape).toEqual([8, 4, 1, 1]);
  });

  test('names file, tensor and both shapes when a shape is wrong', () => {
    expect(() => setOf(ref([8, 4])).tensor('conv.weight', [8, 5])).toThrow(
      /"conv\.weight" in unet\/x\.safetensors has shape \[8,4\] where its config\.json requires \[8,5\]/,
    );
  });

  test('names the tensor that is missing', () => {
    expect(() => setOf(ref([4])).tensor('other.bias', [4])).toThrow(/lacks the tensor "other\.bias"/);
  });

  test('refuses whole numbers with a sentence', () => {
    expect(() => setOf(ref([4], 'I8')).tensor('conv.weight', [4])).toThrow(/is I8; Easel reads F32, F16 and BF16/);
  });
});
