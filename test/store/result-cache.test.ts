import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Picture, singleRecipe } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import type { Store } from '../../src/store/port.ts';
import { openStore } from '../../src/store/store.ts';
import { CHANNEL, personNamed, specWith, taskWith } from '../doubles/samples.ts';

describe('what was drawn before', () => {
  let folder: string;
  let store: Store;

  const recipe = singleRecipe(specWith(), 0);
  const picture: Picture = {
    ...{ width: 1, height: 1, rgb: Uint8Array.of(1, 2, 3), recipe },
    latents: { shape: [1, 1, 1], data: Float32Array.of(0.5) },
  };
  const job: Job = {
    ...{ id: 'first', owner: personNamed('Ada'), channel: CHANNEL, task: taskWith(), state: 'delivered', attempts: 1 },
    ...{ createdAt: 1, updatedAt: 1, pictures: [{ recipe, width: 1, height: 1 }] },
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-drawn-'));
    store = openStore(folder, async ({ rgb }) => rgb);
    await store.jobs.put(job);
    await store.pictures.put(job.id, [picture]);
    await store.resultCache.add(job);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('is found by exactly its task, also by the next process', async () => {
    await store.close();
    store = openStore(folder, async ({ rgb }) => rgb);
    expect((await store.resultCache.find(taskWith()))?.id).toBe('first');
    expect(await store.resultCache.find(taskWith({ seed: 2 }))).toBeUndefined();
  });

  it('is forgotten with its pictures, and when its owner deletes it', async () => {
    await store.jobs.update('first', (stored) => ({ ...stored, deleting: true }));
    expect(await store.resultCache.find(taskWith())).toBeUndefined();
    await store.jobs.update('first', ({ deleting: _, ...stored }) => stored);
    await store.pictures.delete('first');
    expect(await store.resultCache.find(taskWith())).toBeUndefined();
    expect(await store.values<string>('drawn').get('anything')).toBeUndefined();
  });

  it('stays known when an older job of the same task loses its pictures', async () => {
    await store.jobs.put({ ...job, id: 'second' });
    await store.resultCache.add({ ...job, id: 'second' });
    await store.pictures.delete('first');
    expect((await store.resultCache.find(taskWith()))?.id).toBe('second');
  });

  it('can be given to another job, which keeps it when the first is gone', async () => {
    expect(await store.pictures.copy('first', 'second', 1)).toBe(true);
    expect(await store.pictures.copy('first', 'second', 1)).toBe(true);
    await store.pictures.delete('first');
    expect(Buffer.from((await store.pictures.png('second', 0)) ?? [])).toEqual(Buffer.of(1, 2, 3));
    expect((await store.pictures.latents('second', 0))?.data).toEqual(Float32Array.of(0.5));
  });

  it('is not given in part', async () => {
    expect(await store.pictures.copy('first', 'second', 2)).toBe(false);
    expect(await store.pictures.png('second', 0)).toBeUndefined();
  });
});
