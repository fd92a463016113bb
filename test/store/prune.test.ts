import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Picture } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import type { Store } from '../../src/store/port.ts';
import { prune, type Retention } from '../../src/store/prune.ts';
import { openStore } from '../../src/store/store.ts';
import { jobNamed, personNamed, SHOWN, taskWith } from '../doubles/samples.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.now();
const KEEPING: Retention = { pictureDays: 30, pictureBytes: 1e9, recipeDays: 365 };
const PICTURE: Picture = {
  width: 1,
  height: 1,
  rgb: new Uint8Array(1000),
  recipe: taskWith(),
  latents: { shape: [4, 1, 1], data: new Float32Array(4) },
};
const { signal } = new AbortController();

describe('pruning', () => {
  let folder: string;
  let store: Store;

  const open = () => openStore(folder, async ({ rgb }) => rgb);
  const run = (retention: Partial<Retention> = {}) =>
    prune({ ...store, messages: [], retention: { ...KEEPING, ...retention }, now: NOW, signal });
  const pictured = () => readdirSync(join(folder, 'pictures')).sort();

  /** A job with one picture, that ended so many days ago. */
  async function put(id: string, daysAgo: number, changes: Partial<Job> = {}): Promise<void> {
    const at = NOW - daysAgo * DAY;
    await store.jobs.put(jobNamed(id, { ...SHOWN, createdAt: at, updatedAt: at, ...changes }));
    await store.pictures.put(id, [PICTURE]);
    for (const name of ['0.png', '0.latents']) age(join(folder, 'pictures', id, name), daysAgo);
  }

  function age(path: string, daysAgo: number): void {
    const at = new Date(NOW - daysAgo * DAY);
    utimesSync(path, at, at);
  }

  async function giveInput(content: string, daysAgo: number): Promise<string> {
    const name = await store.inputs.put(Buffer.from(content));
    age(join(folder, 'inputs', `${name}.png`), daysAgo);
    return name;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-prune-'));
    store = open();
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('removes old pictures, keeps their recipes longer, and at last removes those', async () => {
    await put('new', 29);
    await put('old', 31);
    await put('ancient', 366);
    expect(await run()).toMatchObject({ jobs: 1, pictures: 2 });
    expect(pictured()).toEqual(['new']);
    expect(await store.pictures.png('old', 0)).toBeUndefined();
    expect((await store.jobs.get('old'))?.task).toEqual(taskWith());
    expect(await store.jobs.get('ancient')).toBeUndefined();
    expect(await store.jobs.gallery(personNamed('Ada'), 'made')).toEqual(['new', 'old']);
  });

  it('removes the oldest pictures when there are too many', async () => {
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) await put(id, 10 - index);
    await run({ pictureBytes: 2500 });
    expect(pictured()).toEqual(['c', 'd']);
  });

  it('keeps what somebody starred, and all that is not finished', async () => {
    await put('starred', 400, { starred: ['web:ben'] });
    for (const state of ['queued', 'running', 'rendered'] as const) await put(state, 400, { state });
    await put('untold', 400, { state: 'failed' });
    await run({ pictureBytes: 1 });
    expect(pictured()).toEqual(['queued', 'rendered', 'running', 'starred', 'untold']);
    expect(await store.jobs.get('starred')).toBeDefined();
  });

  it('keeps all pictures for two weeks when the database is lost, whatever the limits, and inputs with them', async () => {
    await put('starred', 400, { starred: ['web:ben'] });
    await put('made', 1);
    await giveInput('began from', 400);
    await store.close();
    rmSync(join(folder, 'easel.db'));
    store = open();
    await put('new', 0);
    const later = (days: number) =>
      prune({ ...store, messages: [], retention: { ...KEEPING, pictureBytes: 1200 }, now: NOW + days * DAY, signal });
    for (const days of [0, 1, 14]) {
      expect(await later(days)).toMatchObject({ pictures: 0, inputs: 0, unknown: 2 });
    }
    expect(pictured()).toEqual(['made', 'new', 'starred']);
    expect(await later(15)).toMatchObject({ pictures: 2, inputs: 1, unknown: 0 });
    expect(pictured()).toEqual(['new']);
  });

  it('knows the pictures again when the database comes back', async () => {
    await put('made', 400, { starred: ['web:ben'] });
    await store.close();
    renameSync(join(folder, 'easel.db'), join(folder, 'copy'));
    store = open();
    await run();
    await store.close();
    renameSync(join(folder, 'copy'), join(folder, 'easel.db'));
    store = open();
    expect(await run()).toMatchObject({ pictures: 0, unknown: 0 });
    expect(pictured()).toEqual(['made']);
  });

  it('removes pictures that nobody will see: of cancelled, failed and deleted jobs', async () => {
    await put('cancelled', 0, { state: 'cancelled', announced: true });
    await put('failed', 0, { state: 'failed', announced: true });
    await put('deleted', 0, { deleted: true });
    await put('kept', 0);
    mkdirSync(join(folder, 'pictures', 'lost+found'));
    await run();
    expect(pictured()).toEqual(['kept', 'lost+found']);
  });

  it('removes given pictures that are no longer used, but none that a waiting or starred job begins from', async () => {
    const [old, waiting, mask, starred] = [
      await giveInput('old', 31),
      await giveInput('waiting', 31),
      await giveInput('mask', 31),
      await giveInput('starred', 31),
    ];
    const fresh = await giveInput('fresh', 0);
    const used = await giveInput('used', 31);
    await store.inputs.get(used);
    const begins = (image: string, more = {}) => ({ task: taskWith({ init: { image, strength: 0.5, ...more } }) });
    await put('queued', 0, { state: 'queued', ...begins(waiting, { mask }) });
    await put('star', 0, { starred: ['web:ben'], ...begins(starred) });
    await put('done', 40, begins(old));
    await run();
    const left = readdirSync(join(folder, 'inputs')).map((name) => name.replace('.png', ''));
    expect(left.sort()).toEqual([fresh, mask, starred, used, waiting].sort());
  });

  it('sweeps away what a killed process left half written', async () => {
    await put('job', 0);
    for (const path of ['pictures/job/1.png.0123abcd.part', 'inputs/x.png.0123abcd.part']) {
      writeFileSync(join(folder, path), 'half');
      age(join(folder, path), 1);
    }
    await run();
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.part'))).toEqual([]);
  });

  it('can be interrupted anywhere, and finishes the next time', async () => {
    for (let index = 0; index < 120; index += 1) await put(`job${index}`, 31);
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 15);
    const parts = { ...store, messages: [], retention: KEEPING, now: NOW, signal: stopping.signal };
    await expect(prune(parts)).rejects.toThrow();
    await store.close();
    store = open();
    await run();
    expect(pictured()).toEqual([]);
    let jobs = 0;
    for await (const _ of store.jobs.all()) jobs += 1;
    expect(jobs).toBe(120);
  });
});
