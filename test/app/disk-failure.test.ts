import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { openStore } from '../../src/store/store.ts';
import { type ControlledEngine, createControlledEngine } from '../doubles/controlled-engine.ts';
import { createLoopbackDisk } from '../doubles/loopback-disk.ts';
import { createRecordingChannel, type RecordingChannel, statesOf, textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const PATIENCE = { timeout: 20_000 };
const DISK_BYTES = 1 << 20;
/** A folder in which nobody may make anything, not even root. */
const UNWRITABLE = ({ linux: '/sys', darwin: '/System' } as Readonly<Record<string, string>>)[process.platform];

/** A disk of its own, where this process may have one. */
function mountDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'easel-mount-'));
  const mounted = mountDisk(folder);
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}

describe('a bot whose disk gives trouble', () => {
  let root: string;
  let data: string;
  let channel: RecordingChannel;
  let engine: ControlledEngine;
  let app: App | undefined;
  let requests = 0;
  let unmount = () => {};

  async function start(): Promise<void> {
    engine = createControlledEngine();
    const config = readConfig({ EASEL_DATA: data, EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' });
    app = await createApp(config, { engine, ports: [channel], log: pino({ level: 'silent' }) });
    await app.start();
  }

  async function stop(): Promise<void> {
    await app?.stop();
    app = undefined;
  }

  const type = (text: string) => {
    const from = { id: `event-${requests++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY };
    return channel.dispatch({ ...from, kind: 'command', command: 'imagine', options: {}, text });
  };
  const shows = (index: number, expected: string) =>
    expect.poll(() => textOf(channel.messages[index]), PATIENCE).toContain(expected);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'easel-disk-'));
    data = join(root, 'data');
    channel = createRecordingChannel();
    unmount = () => {};
  });
  afterEach(async () => {
    await stop();
    unmount();
    rmSync(root, { recursive: true });
  });

  it('whose data folder is gone refuses what is new, holds what is drawn, and goes on when it is back', async () => {
    await start();
    await type('a red circle');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    renameSync(data, join(root, 'elsewhere'));
    run.finish();
    await shows(0, '(paused)\nThe picture folder is missing; the job continues by itself when it is back.');
    const refused = await type('a blue square');
    expect(refused.kind === 'private' && textOf(refused.reply)).toBe(
      'The picture folder is missing; try again when it is back.',
    );
    // Nothing may be begun anew in its place.
    expect(existsSync(data)).toBe(false);

    renameSync(join(root, 'elsewhere'), data);
    await shows(0, 'seed');
    expect(statesOf(channel.messages)).toEqual(['done']);
    expect(engine.runs).toHaveLength(1);
    await stop();
    const store = openStore(data, async () => new Uint8Array());
    expect(await store.jobs.unfinished()).toEqual([]);
    await store.close();
  });

  it('can be stopped while its data folder is gone', async () => {
    await start();
    await type('a red circle');
    (await engine.begun(0)).step(1, 4);
    await shows(0, '25%');
    rmSync(data, { recursive: true });
    await stop();
  });

  describe('that turns read-only', () => {
    /** Of the bot: the connection that it opens, not one beside it. */
    let database: Database.Database | undefined;

    beforeEach(async () => {
      const opened = vi.spyOn(Database.prototype, 'exec');
      await start();
      database = opened.mock.contexts.find((context) => context instanceof Database);
      opened.mockRestore();
      expect(database?.open).toBe(true);
    });

    /** SQLite itself refuses what would be written. */
    function turnDatabase(to: 'read-only' | 'writable'): void {
      database?.exec(`PRAGMA query_only = ${to === 'read-only' ? 'ON' : 'OFF'}`);
    }

    it('lets nothing new begin, says so to whoever asks, and loses nothing that waits', async () => {
      await type('a red circle');
      await type('a blue square');
      const run = await engine.begun(0);
      await shows(1, '1st in the queue');
      turnDatabase('read-only');
      run.finish();
      await shows(
        0,
        '(paused)\nThe disk for pictures is not writable; the job continues by itself when it is writable.',
      );
      const refused = await type('a green triangle');
      expect(refused.kind === 'private' && textOf(refused.reply)).toBe(
        'The disk for pictures is not writable; try again when it is writable.',
      );
      expect(engine.runs).toHaveLength(1);

      turnDatabase('writable');
      await shows(0, 'seed');
      (await engine.begun(1)).finish();
      await shows(1, 'seed');
      expect(statesOf(channel.messages)).toEqual(['done', 'done']);
      expect(engine.runs).toHaveLength(2);
      await type('a green triangle');
      (await engine.begun(2)).finish();
      await shows(2, 'seed');
    });

    it('says so also in a message of which it could not be noted where it stands, and notes that later', async () => {
      const { post } = channel;
      vi.spyOn(channel, 'post').mockImplementationOnce(async (...args) => {
        await engine.begun(0);
        turnDatabase('read-only');
        return post(...args);
      });
      await type('a red circle');
      (await engine.begun(0)).finish();
      await shows(0, 'is not writable');
      turnDatabase('writable');
      await shows(0, 'seed');
      await stop();
      const store = openStore(data, async () => new Uint8Array());
      expect(await store.jobs.unfinished()).toEqual([]);
      const [jobId = ''] = await store.jobs.gallery(personNamed('Ada'), 'made');
      const job = await store.jobs.get(jobId);
      await store.close();
      expect(job).toMatchObject({ state: 'delivered', message: { channel: CHANNEL } });
      expect(channel.messages).toHaveLength(1);
    });

    it('can be stopped, and what could not be noted is drawn by the next process', async () => {
      await type('a red circle');
      const run = await engine.begun(0);
      turnDatabase('read-only');
      run.finish();
      await shows(0, 'is not writable');
      await stop();
      await start();
      (await engine.begun(0)).finish();
      await shows(0, 'seed');
      expect(statesOf(channel.messages)).toEqual(['done']);
    });

    it.skipIf(UNWRITABLE === undefined)('where the pictures lie keeps them until it is not', async () => {
      await type('a red circle');
      const run = await engine.begun(0);
      const pictures = join(data, 'pictures');
      renameSync(pictures, join(root, 'aside'));
      symlinkSync(UNWRITABLE ?? '', pictures);
      run.finish();
      await shows(
        0,
        '(paused)\nThe disk for pictures is not writable; the job continues by itself when it is writable.',
      );
      rmSync(pictures);
      renameSync(join(root, 'aside'), pictures);
      await shows(0, 'seed');
      expect(statesOf(channel.messages)).toEqual(['done']);
      expect(engine.runs).toHaveLength(1);
      expect(readdirSync(pictures, { recursive: true })).toHaveLength(3);
    });
  });

  it('whose file system gives up keeps what stands, says so, and goes on once it is mended', async (context) => {
    const disk = createLoopbackDisk(join(root, 'disk.img'), data, 32 * DISK_BYTES);
    if (disk === undefined) return context.skip();
    unmount = disk.unmount;
    await start();
    await type('a red circle');
    (await engine.begun(0)).finish();
    await shows(0, 'seed');
    await type('a blue square');
    const run = await engine.begun(1);
    await shows(1, 'starting');
    disk.giveUp();
    run.finish();
    await shows(1, '(paused)\nThe disk for pictures');
    const refused = await type('a green triangle');
    expect(refused.kind === 'private' && textOf(refused.reply)).toMatch(/^The disk for pictures .*; try again/);
    expect(engine.runs).toHaveLength(2);

    await stop();
    disk.unmount();
    unmount = disk.copy(join(root, 'mended.img'), data).unmount;
    await start();
    (await engine.begun(0)).finish();
    await shows(1, 'seed');
    expect(statesOf(channel.messages)).toEqual(['done', 'done']);
  });

  describe.skipIf(!canMount())('that is full', () => {
    const filler = () => join(root, 'data', 'filler');

    function fill(): void {
      for (let part = 0; part < 2 * DISK_BYTES; part += 4096) {
        try {
          writeFileSync(join(filler(), String(part)), Buffer.alloc(4096, 1));
        } catch {
          return;
        }
      }
    }

    function useSmallDisk(): void {
      mkdirSync(data);
      mountDisk(data);
      mkdirSync(filler());
      // libsql closes its files when their statements are garbage, some time later.
      unmount = () => execFileSync('umount', ['--lazy', data]);
    }

    it('keeps what is drawn until there is room, says so, and loses nothing', async () => {
      useSmallDisk();
      await start();
      await type('a red circle');
      await type('a blue square');
      const run = await engine.begun(0);
      await shows(1, '1st in the queue');
      fill();
      run.finish();
      await shows(0, '(paused)\nThe disk for pictures is full; the job continues by itself when there is free space.');
      const refused = await type('a green triangle');
      expect(refused.kind === 'private' && textOf(refused.reply)).toBe(
        'The disk for pictures is full; try again when there is free space.',
      );
      rmSync(filler(), { recursive: true });
      await shows(0, 'seed');
      (await engine.begun(1)).finish();
      await shows(1, 'seed');
      expect(statesOf(channel.messages)).toEqual(['done', 'done']);
      expect(engine.runs).toHaveLength(2);
      expect(
        readdirSync(join(data, 'pictures'), { recursive: true }).filter((name) => /part/.test(String(name))),
      ).toEqual([]);
    });

    it('says so at the start, and starts when there is room', async () => {
      useSmallDisk();
      fill();
      await expect(start()).rejects.toThrow(`The disk of the data folder ${data} is full; free some space`);
      rmSync(filler(), { recursive: true });
      await start();
      await type('a red circle');
      (await engine.begun(0)).finish();
      await shows(0, 'seed');
    });
  });
});
