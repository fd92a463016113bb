import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessagePage } from '../../src/platforms/web/wire.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
const PATIENCE = { timeout: 120_000, interval: 100 };
const LIMIT_MS = 300_000;

describe('a bot that is ended', () => {
  let folder: string;
  let url = '';
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-kill-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN], {
      env: { PATH: process.env.PATH, PORT: '0', EASEL_MODEL: MODEL, EASEL_DATA: folder, EASEL_LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    await expect.poll(() => out, PATIENCE).toContain('\n');
    url = out.replace('Easel is running at ', '').trim();
    return child;
  }

  async function type(requestId: string, line: string): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ name: 'Ada', requestId, line });
    const answer = await fetch(`${url}/api/messages`, { method: 'POST', headers, body });
    expect(await answer.json()).toMatchObject({ kind: 'posted' });
  }

  async function replies() {
    const answer = (await (await fetch(`${url}/api/messages`)).json()) as MessagePage;
    return answer.messages.flatMap((message) => (message.kind === 'reply' ? [message.reply] : []));
  }
  const states = async () => (await replies()).map((reply) => reply.state);

  it(
    'by force loses nothing and does nothing twice: what was drawn goes on, what waited follows, in the same messages',
    async () => {
      const first = await start();
      await type('one', '/imagine a red circle --steps 80 --size 128x128 --count 1');
      await type('two', '/imagine a blue square --steps 2 --size 64x64 --count 1');
      await expect.poll(async () => (await replies())[0]?.progress ?? 0, PATIENCE).toBeGreaterThan(0.05);
      await end(first, 'SIGKILL');

      await start();
      await type('one', '/imagine a red circle --steps 80 --size 128x128 --count 1');
      await expect.poll(states, PATIENCE).toEqual(['done', 'done']);
    },
    LIMIT_MS,
  );

  it(
    'by request, more often than a job may take it down, blames the job for none of it',
    async () => {
      let bot = await start();
      await type('one', '/imagine a red circle --steps 80 --size 128x128 --count 1');
      const progress = async () => (await replies())[0]?.progress;
      for (let restart = 0; restart < 6; restart += 1) {
        const before = await progress();
        await expect.poll(progress, PATIENCE).not.toBe(before);
        await end(bot, 'SIGTERM');
        bot = await start();
      }
      await expect.poll(states, PATIENCE).toEqual(['done']);
    },
    LIMIT_MS,
  );
});

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}
