import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 50 };
/** The bot's own limit, and a little. */
const STOP = { timeout: 12_000, interval: 50 };
/** A shell that stays beside its command, and one that gives way to it. */
const SHELLS = ['/bin/dash', '/bin/bash'].filter((shell) => existsSync(shell));

// npm ends its shell alone on systems with signals; Windows has none.
describe.skipIf(process.platform === 'win32')('a bot that npm started', () => {
  let folder: string;
  let children: ChildProcess[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-npm-'));
    children = [];
  });
  afterEach(() => {
    for (const { pid } of children) if (pid !== undefined) endGroup(pid);
    rmSync(folder, { recursive: true });
  });

  /** In a process group of its own, as a terminal or a supervisor has it. */
  async function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: folder, PORT: '0', EASEL_MODEL: MODEL, EASEL_DATA: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    children.push(child);
    const seen = { pid: child.pid ?? 0, out: '', err: '', port: 0 };
    child.stdout.on('data', (chunk) => {
      seen.out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      seen.err += String(chunk);
    });
    await expect.poll(() => seen.out, PATIENCE).toMatch(/Easel is running at \S+\n/);
    seen.port = Number(/Easel is running at http:\/\/127\.0\.0\.1:(\d+)/.exec(seen.out)?.[1]);
    return seen;
  }
  const npmStart = (shell: string) => start('npm', ['start'], { npm_config_script_shell: shell });

  /** Its port is free, all its processes have ended, and it has let go of the database, which a death does not. */
  async function endsGracefully({ pid, port }: { readonly pid: number; readonly port: number }): Promise<void> {
    await expect.poll(() => isOpen(port), STOP).toBe(false);
    await expect.poll(() => groupOf(pid), STOP).toEqual([]);
    expect(existsSync(join(folder, 'easel.db'))).toBe(true);
    expect(existsSync(join(folder, 'easel.db-wal'))).toBe(false);
  }

  it.each(SHELLS)('through %s ends when npm is told to', async (shell) => {
    const npm = await npmStart(shell);
    expect(await isOpen(npm.port)).toBe(true);
    process.kill(npm.pid, 'SIGTERM');
    await endsGracefully(npm);
  });

  it.each(SHELLS)('through %s ends when npm is killed', async (shell) => {
    const npm = await npmStart(shell);
    process.kill(npm.pid, 'SIGKILL');
    await endsGracefully(npm);
    expect(npm.err).toContain('npm, which started Easel, has ended; Easel shuts down');
  });

  it.each(SHELLS)('through %s ends once at Ctrl+C, which reaches it from the terminal and from npm', async (shell) => {
    const npm = await npmStart(shell);
    process.kill(-npm.pid, 'SIGINT');
    await endsGracefully(npm);
    expect(npm.err).not.toContain('Error');
  });

  it('ends when npm is told to while the bot still starts', async () => {
    const child = spawn('npm', ['start'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: folder, PORT: '0', EASEL_MODEL: MODEL, EASEL_DATA: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    children.push(child);
    const pid = child.pid ?? 0;
    await expect.poll(() => groupOf(pid).some((command) => command.includes('node --import')), PATIENCE).toBe(true);
    // Node itself runs by then, and the bot has not been read.
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => groupOf(pid), { ...STOP, timeout: 20_000 }).toEqual([]);
  });

  it('is found as macOS tells of processes, too', async () => {
    const script = `"${process.execPath}" --import tsx "${join(ROOT, 'test/doubles/npm-child.ts')}" src/main.ts`;
    // A shell that stays beside its command, below a process that is npm.
    const npm = `require('node:child_process').spawn('/bin/sh', ['-c', process.env.npm_lifecycle_script + '; true'], { stdio: 'inherit' })`;
    const env = { ...process.env, npm_lifecycle_event: 'start', npm_lifecycle_script: script };
    const child = spawn(process.execPath, ['-e', npm], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    children.push(child);
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    await expect.poll(() => out, PATIENCE).toBe('waits\n');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(out).toBe('waits\n');
    child.kill('SIGKILL');
    await expect.poll(() => out, STOP).toBe('waits\ngone\n');
  });

  it('goes on without its parent when npm did not start it', async () => {
    const main = join(ROOT, 'src', 'main.ts');
    const shell = `"${process.execPath}" --import tsx "${main}" & read -r line < /dev/null; wait`;
    const { pid, port } = await start('/bin/sh', ['-c', shell]);
    process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await isOpen(port)).toBe(true);
  });
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Commands of the processes in a group that have not ended. */
function groupOf(group: number): readonly string[] {
  const lines = execFileSync('ps', ['-ww', '-A', '-o', 'pgid=', '-o', 'stat=', '-o', 'args='], { encoding: 'utf8' });
  return lines
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((found) => Number(found?.[1]) === group && found?.[2]?.startsWith('Z') === false)
    .map((found) => found?.[3] ?? '');
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
