import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PostResult, WireUpload } from '../../src/platforms/web/wire.ts';
import { manyFrames, manyScans, manyTexts, nestedSvg } from '../doubles/hostile-pictures.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
const PATIENCE = { timeout: 30_000 };
/** Milliseconds within which the bot promises to be gone, and some for a busy machine. */
const GONE_MS = 11_000;
/** Milliseconds for an honest request while others are hostile, on a machine with other work. */
const ANSWER_MS = 5000;

describe('the bot that is sent hostile pictures', () => {
  let folder: string;
  let bot: ChildProcess;
  let url: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-hostile-'));
    bot = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN], {
      env: { PATH: process.env.PATH, PORT: '0', EASEL_MODEL: MODEL, EASEL_DATA: folder, EASEL_COUNT: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    bot.stdout?.on('data', (chunk) => {
      said += String(chunk);
    });
    await expect.poll(() => said, PATIENCE).toMatch(/http:\S+\n/);
    url = /http:\S+/.exec(said)?.[0] ?? '';
  });
  afterEach(async () => {
    bot.kill('SIGKILL');
    await ended(bot);
    rmSync(folder, { recursive: true, force: true });
  });

  const upload = (data: Uint8Array, type = 'image/png', name = 'Mallory') =>
    fetch(`${url}/api/uploads?name=${name}`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: new Uint8Array(data),
    });
  const post = async (path: string, body: Record<string, unknown>) =>
    (await (
      await fetch(url + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    ).json()) as PostResult;
  const imagine = (name: string, attachments: readonly string[] = []) =>
    post('/api/messages', { name, line: '/imagine a fox --steps 1 --size 64x64', attachments });

  async function timed<Result>(work: Promise<Result>): Promise<readonly [result: Result, ms: number]> {
    const began = performance.now();
    return [await work, performance.now() - began];
  }

  async function endsInTime(): Promise<void> {
    const [code, ms] = await timed(end(bot, 'SIGTERM'));
    expect(ms).toBeLessThan(GONE_MS);
    expect(code).toBe(0);
  }

  it('refuses five nested SVGs that are said to be PNGs, answers others meanwhile, and ends when told to', async () => {
    const bombs = Array.from({ length: 5 }, () => upload(nestedSvg()));
    const [answer, ms] = await timed(imagine('Ada'));
    expect(answer.kind).toBe('posted');
    expect(ms).toBeLessThan(ANSWER_MS);
    for (const response of await Promise.all(bombs)) {
      expect(response.status).toBe(415);
      expect(await response.text()).toContain('SVG');
    }
    await endsInTime();
  });

  it('answers others while pictures are read that never end, and ends when told to', async () => {
    const scans = manyScans(4000);
    const frames = await manyFrames(100_000);
    const uploads = await Promise.all([
      ...['M1', 'M2', 'M3'].map(async (name) => [name, await upload(scans, 'image/jpeg', name)] as const),
      ...['M4', 'M5'].map(async (name) => [name, await upload(frames, 'image/webp', name)] as const),
    ]);
    const begun = uploads.flatMap(async ([name, response]) => {
      if (response.status !== 200) return [];
      const { upload: id } = (await response.json()) as WireUpload;
      return imagine(name, [id]);
    });
    const [answer, ms] = await timed(imagine('Ada'));
    expect(answer.kind).toBe('posted');
    expect(ms).toBeLessThan(ANSWER_MS);
    for (const refused of await Promise.all(begun)) expect(JSON.stringify(refused)).not.toContain('posted');
    const laborious = await Promise.all(
      ['M1', 'M2', 'M3'].map(async (name) => [name, await upload(manyScans(95), 'image/jpeg', name)] as const),
    );
    for (const [name, response] of laborious) {
      const { upload: id } = (await response.json()) as WireUpload;
      imagine(name, [id]).catch(() => undefined);
    }
    await endsInTime();
  });

  it('ends within its limit when all threads that read files are stuck', async () => {
    const file = `${'a'.repeat(64)}.png`;
    // Reading a pipe to which nobody writes blocks as a disk does that has gone.
    execFileSync('mkfifo', [join(folder, 'web', 'pictures', file)]);
    const stuck = Array.from({ length: 8 }, () => fetch(`${url}/api/pictures/${file}`).catch(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [, ms] = await timed(end(bot, 'SIGTERM'));
    expect(ms).toBeLessThan(GONE_MS);
    await Promise.all(stuck);
  });

  it('answers others while the texts of a PNG are looked through', async () => {
    const data = manyTexts(9000);
    const response = await upload(data);
    expect(response.status).toBe(200);
    const { upload: id } = (await response.json()) as WireUpload;
    const said = await imagine('Mallory', [id]);
    if (said.kind !== 'posted' || said.message === undefined) throw new Error(JSON.stringify(said));
    const actions = ['recipe', 'vary'].map((action) =>
      timed(post(`/api/messages/${said.message?.id}/actions`, { name: 'Mallory', action })),
    );
    const [answer, ms] = await timed(imagine('Ada'));
    expect(answer.kind).toBe('posted');
    expect(ms).toBeLessThan(ANSWER_MS);
    for (const [result, took] of await Promise.all(actions)) {
      expect(result.kind).toBe('private');
      expect(took).toBeLessThan(ANSWER_MS);
    }
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
