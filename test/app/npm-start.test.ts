import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
const NOBODY = 65_534;
const PATIENCE = { timeout: 30_000 };

describe('npm start', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-main-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  function start(env: NodeJS.ProcessEnv, uid?: number) {
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN], {
      env: { PATH: process.env.PATH, PORT: '0', EASEL_MODEL: MODEL, EASEL_DATA: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
      ...(uid !== undefined && { uid }),
    });
    children.push(child);
    const seen = { child, out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      seen.out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      seen.err += String(chunk);
    });
    return seen;
  }

  async function failure(env: NodeJS.ProcessEnv, uid?: number) {
    const { child, ...rest } = start(env, uid);
    const seen = { ...rest };
    child.stderr?.on('data', (chunk) => {
      seen.err += String(chunk);
    });
    return { code: await ended(child), text: seen.err };
  }

  it('says where it is, keeps others from its data folder, and ends when told to', async () => {
    const first = start({});
    await expect.poll(() => first.out, PATIENCE).toMatch(/^Easel is running at http:\/\/127\.0\.0\.1:\d+\n$/);
    const second = await failure({});
    expect(second).toMatchObject({ code: 1, text: expect.stringContaining('Another Easel is using the data folder') });
    expect(await end(first.child, 'SIGTERM')).toBe(0);
  });

  it('says what is wrong in one sentence, and exits with 1', async () => {
    const model = join(folder, 'model');
    cpSync(MODEL, model, { recursive: true });
    rmSync(join(model, 'unet', 'config.json'));
    const [settings, missing] = await Promise.all([
      failure({ EASEL_COUNT: '0' }),
      failure({ EASEL_MODEL: model, EASEL_DATA: join(folder, 'other') }),
    ]);
    expect(settings).toEqual({ code: 1, text: 'EASEL_COUNT must be a whole number from 1 to 4, not 0.\n' });
    expect(missing.code).toBe(1);
    expect(missing.text).toContain('unet/config.json');
    expect(missing.text.trim()).not.toContain('\n');
  });

  it('says so when the data folder is read-only', async () => {
    chmodSync(folder, 0o555);
    // Nothing is read-only to root, so root tries it as somebody else.
    const seen = await failure({ EASEL_DATA: join(folder, 'data') }, process.getuid?.() === 0 ? NOBODY : undefined);
    chmodSync(folder, 0o755);
    expect(seen.code).toBe(1);
    expect(seen.text).toMatch(/^Easel cannot write to the data folder .*\n$/);
  });
});

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', resolve));
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = ended(child);
  child.kill(signal);
  return exit;
}
