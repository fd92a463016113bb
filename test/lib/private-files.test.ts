import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { tightenDataFolder } from '../../src/lib/private-files.ts';
import { createInstantEngine } from '../doubles/instant-engine.ts';

const SOON = { timeout: 30_000 };

// Windows has other rules, and the folder those of the one above it.
describe.skipIf(process.platform === 'win32')('the data of Easel', () => {
  let home: string;
  let folder: string;
  let app: App | undefined;
  let umask: number;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'easel-private-'));
    folder = join(home, 'data');
    // As loose as a machine can be set.
    umask = process.umask(0);
  });
  afterEach(async () => {
    await app?.stop();
    app = undefined;
    process.umask(umask);
    rmSync(home, { recursive: true });
  });

  async function start(): Promise<string> {
    const config = readConfig({ EASEL_DATA: folder, PORT: '0' });
    app = await createApp(config, { engine: createInstantEngine(), log: pino({ level: 'silent' }) });
    await app.start();
    return app.url ?? '';
  }

  /** Everything in the data folder that somebody else may read, write or enter. */
  function loose(): readonly string[] {
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
    return [folder, ...all].filter((path) => !lstatSync(path).isSymbolicLink() && (statSync(path).mode & 0o077) !== 0);
  }

  async function draw(url: string): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ name: 'Ada', requestId: 'one', line: '/imagine a fox' });
    await fetch(`${url}/api/messages`, { method: 'POST', headers, body });
    const read = async () => JSON.stringify(await (await fetch(`${url}/api/messages`)).json());
    await expect.poll(read, SOON).toContain('"state":"done"');
  }

  it('is readable by its owner alone, from the folder to the last picture, while it runs and afterwards', async () => {
    await draw(await start());
    expect(loose()).toEqual([]);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const kind of [
      /^easel\.db$/,
      /^easel\.db-wal$/,
      /^pictures\/\w+\/0\.png$/,
      /^web\/pictures\/\w+\.png$/,
      /^web\/secret$/,
    ]) {
      expect(names.some((name) => kind.test(name))).toBe(true);
    }
    await app?.stop();
    app = undefined;
    expect(loose()).toEqual([]);
  });

  it('is tightened at the start where an older version left it open, and nothing else in the folder is touched', async () => {
    await draw(await start());
    await app?.stop();
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const path of [folder, ...names.map((name) => join(folder, name))]) chmodSync(path, 0o777);
    mkdirSync(join(folder, 'mine'), { mode: 0o755 });
    writeFileSync(join(home, 'elsewhere'), '', { mode: 0o644 });
    symlinkSync(join(home, 'elsewhere'), join(folder, 'pictures', 'link'));
    await start();
    expect(loose()).toEqual([join(folder, 'mine')]);
    expect(statSync(join(home, 'elsewhere')).mode & 0o777).toBe(0o644);
  });

  it('leaves the rights of a folder that all users share, and says so', async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
    expect(await tightenDataFolder(folder)).toEqual([folder]);
    expect(statSync(folder).mode & 0o7777).toBe(0o1777);
  });
});
