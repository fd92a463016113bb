import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/store.ts';

const SCRIPT = fileURLToPath(new URL('../doubles/queue-process.ts', import.meta.url));

describe('a queue whose process is killed', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-kill-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
    rmSync(folder, { recursive: true });
  });

  function start(...requests: string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, folder, ...requests], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const lines: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => lines.push(...chunk.split('\n').filter(Boolean)));
    return { child, lines };
  }

  it('finishes every accepted job exactly once after the restart, the interrupted one first', async () => {
    const first = start('A1', 'A2', 'B1');
    await expect.poll(() => first.lines, { timeout: 20_000 }).toContain('begun B1');
    await kill(first.child);
    expect(first.lines).toEqual(['begun A1', 'rendered A1', 'begun B1']);

    const second = start();
    await expect.poll(() => second.lines, { timeout: 20_000 }).toContain('rendered A2');
    await kill(second.child);
    expect(second.lines).toEqual(['begun B1', 'rendered B1', 'begun A2', 'rendered A2']);

    const store = openStore(folder, async () => new Uint8Array());
    const jobs = await store.jobs.unfinished();
    expect(jobs.map((job) => [job.state, job.owner.name, job.attempts])).toEqual([
      ['rendered', 'A', 1],
      ['rendered', 'A', 1],
      ['rendered', 'B', 2],
    ]);
    await store.close();
  });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}
