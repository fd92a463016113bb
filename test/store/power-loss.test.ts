import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/core/job.ts';
import { isSettled, isShowable } from '../../src/core/job-state.ts';
import { userKey } from '../../src/core/user.ts';
import { closeDatabase, openDatabase } from '../../src/store/database.ts';
import { createPictureStore } from '../../src/store/picture-store.ts';
import { createLoopbackDisk } from '../doubles/loopback-disk.ts';
import { picturesOf } from '../doubles/sample-pictures.ts';

const DISK_BYTES = 256 << 20;
const scriptAt = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** @param written what the writer said was written when its end came */
type Check = (folder: string, written: readonly string[]) => Promise<void>;

/** Each job with all that follows from it, and nothing else. */
async function checkJobs(folder: string, written: readonly string[]): Promise<void> {
  const database = openDatabase(folder);
  const rows = database.prepare('SELECT key, value FROM entries').all() as { key: string; value: string }[];
  closeDatabase(database);
  const jobs: Job[] = rows.filter(({ key }) => key.startsWith('jobs:')).map(({ value }) => JSON.parse(value).value);
  // The writer deletes those again.
  const lasting = written.filter((id) => !id.endsWith('7'));
  expect(jobs.map(({ id }) => id)).toEqual(expect.arrayContaining(lasting));
  expect(rows.map(({ key }) => key).sort()).toEqual(jobs.flatMap(keysOf).sort());
}

/** Of everything that is kept because of a job. */
function keysOf(job: Job): string[] {
  const place = `${String(1e14 - job.createdAt).padStart(15, '0')}-${job.id}`;
  const stars = (job.starred ?? []).map((person) => `starred:${encodeURIComponent(person)}:${place}`);
  const made = `made:${encodeURIComponent(userKey(job.owner))}:${place}`;
  const userGallery = isShowable(job) ? [made, ...stars] : [];
  return [`jobs:${job.id}`, ...userGallery, ...(isSettled(job) ? [] : [`unfinished:${job.id}`])];
}

/** Of what was written all, of what was not only whole files; and they can be written again. */
async function checkPictures(folder: string, written: readonly string[]): Promise<void> {
  const store = createPictureStore(folder, async ({ rgb }) => rgb);
  const kept: string[] = [];
  for await (const { key } of store.kept()) if (/^job\d+$/.test(key)) kept.push(key);
  expect(kept).toEqual(expect.arrayContaining([...written]));
  for (const jobId of kept) {
    const isWritten = written.includes(jobId);
    const pictures = picturesOf(jobId);
    const names = readdirSync(join(folder, jobId));
    expect(names.filter((name) => name.endsWith('.part'))).toEqual([]);
    if (isWritten) expect(names).toHaveLength(2 * pictures.length);
    for (const [index, { rgb, latents }] of pictures.entries()) {
      const [png, found] = [await store.png(jobId, index), await store.latents(jobId, index)];
      if (isWritten || png !== undefined) expect(isSame(png, rgb)).toBe(true);
      if (isWritten || found !== undefined) expect(isSame(found?.data, latents.data)).toBe(true);
    }
    if (isWritten) continue;
    await store.put(jobId, pictures);
    expect(readdirSync(join(folder, jobId))).toHaveLength(2 * pictures.length);
  }
}

/** `toEqual` takes seconds for a megabyte. */
function isSame(a: Uint8Array | Float32Array | undefined, b: Uint8Array | Float32Array): boolean {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array) =>
    Buffer.from(buffer, byteOffset, byteLength);
  return a !== undefined && bytesOf(a).equals(bytesOf(b));
}

describe.each<readonly [what: string, script: string, check: Check]>([
  ['jobs', scriptAt('../doubles/journal-process.ts'), checkJobs],
  ['pictures', scriptAt('../doubles/picture-process.ts'), checkPictures],
])('%s that were written', (_what, script, check) => {
  let root: string;
  let writer: ChildProcess | undefined;
  const undo: (() => void)[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'easel-end-'));
  });
  afterEach(() => {
    writer?.kill('SIGKILL');
    for (const back of undo.splice(0).reverse()) back();
    rmSync(root, { recursive: true });
  });

  /** Has the writer write for a while. @returns ids it says are written, all of them once it has been stopped */
  async function write(folder: string, lifeMs: number, end: 'SIGKILL' | 'SIGSTOP', pauseMs = 0) {
    const child = spawn(process.execPath, ['--import', 'tsx', script, folder, String(pauseMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    writer = child;
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    await once(child.stdout, 'data');
    await sleep(lifeMs);
    child.kill(end);
    if (end === 'SIGKILL') await once(child, 'close');
    else for (let before = ''; before !== out; await sleep(50)) before = out;
    return out.split('\n').filter(Boolean);
  }

  it.each([20, 100])('stand whole when the writer is killed after %i ms', async (lifeMs) => {
    const folder = join(root, 'data');
    mkdirSync(folder);
    await check(folder, await write(folder, lifeMs, 'SIGKILL'));
  });

  it('stand whole when the power goes: the disk has them, not only the memory', async (context) => {
    const disk = createLoopbackDisk(join(root, 'disk.img'), join(root, 'disk'), DISK_BYTES);
    if (disk === undefined) return context.skip();
    undo.push(disk.unmount);
    // With pauses between, for whatever is written next puts on the disk what was written before.
    const written = await write(join(root, 'disk'), 350, 'SIGSTOP', 100);
    const after = disk.copy(join(root, 'after.img'), join(root, 'after'));
    undo.push(after.unmount);
    await check(join(root, 'after'), written);
  });
});
