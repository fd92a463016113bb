import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Picture } from '../../engine/index.ts';
import { createPictureStore } from '../../src/store/picture-store.ts';
import { taskWith } from '../doubles/samples.ts';

const PICTURE: Picture = {
  width: 1,
  height: 1,
  rgb: Uint8Array.of(1, 2, 3),
  recipe: taskWith(),
  latents: { shape: [4, 1, 2], data: Float32Array.of(0, -1.5, Number.MIN_VALUE, 3e38, 1, 2, 3, 4) },
};

describe('the picture store', () => {
  let folder: string;
  const open = (encode: (picture: Picture) => Promise<Uint8Array> = async ({ rgb }) => rgb) =>
    createPictureStore(folder, encode);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-pictures-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps a picture and its latents, and leaves nothing but whole files', async () => {
    await open().put('job1', [PICTURE]);
    expect(await open().png('job1', 0)).toEqual(Buffer.from([1, 2, 3]));
    expect(await open().latents('job1', 0)).toEqual(PICTURE.latents);
    expect(readdirSync(join(folder, 'job1')).sort()).toEqual(['0.latents', '0.png']);
  });

  it('keeps latents in a file that other tools read as safetensors', async () => {
    await open().put('job1', [PICTURE]);
    const file = readFileSync(join(folder, 'job1', '0.latents'));
    const headerBytes = Number(file.readBigUInt64LE());
    const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes));
    expect(header).toEqual({ latents: { dtype: 'F32', shape: [4, 1, 2], data_offsets: [0, 32] } });
    expect([headerBytes % 8, file.length]).toEqual([0, 8 + headerBytes + 32]);
    expect(file.readFloatLE(8 + headerBytes + 4)).toBe(-1.5);
  });

  it('knows nothing of what was never there, was deleted, or is deleted again', async () => {
    await open().put('job1', [PICTURE]);
    await open().delete('job1');
    await open().delete('job1');
    expect(await open().png('job1', 0)).toBeUndefined();
    expect(await open().latents('job2', 3)).toBeUndefined();
  });

  it('makes do without latents that were cut off or are something else', async () => {
    await open().put('job1', [PICTURE]);
    const path = join(folder, 'job1', '0.latents');
    truncateSync(path, 60);
    expect(await open().latents('job1', 0)).toBeUndefined();
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(8, 0xff), Buffer.from('\x04\0\0\0\0\0\0\0null')]) {
      writeFileSync(path, bytes);
      expect(await open().latents('job1', 0)).toBeUndefined();
    }
  });

  it('refuses an id that could lead out of its folder', async () => {
    await expect(async () => open().put('../out', [PICTURE])).rejects.toThrow(RangeError);
    await expect(async () => open().png('', 0)).rejects.toThrow(RangeError);
  });

  it('leaves no trace of a picture that could not be written', async () => {
    const failing = open(async () => {
      throw new Error('no memory for this');
    });
    await expect(failing.put('job1', [PICTURE])).rejects.toThrow('no memory');
    expect(await open().png('job1', 0)).toBeUndefined();
  });
});
