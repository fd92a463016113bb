import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/core/job.ts';

/**
 * What every driver must do whose process is killed.
 * @param script run with a data folder and requests; `test/doubles/queue-process.ts` says what it prints
 * @param unfinished what lies in that folder once the process is gone
 */
export function testKilledQueue(
  name: string,
  script: string,
  unfinished: (folder: string) => Promise<readonly Job[]>,
): void {
  describe(`${name}: a queue whose process is killed`, () => {
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
      const child = spawn(process.execPath, ['--import', 'tsx', script, folder, ...requests], {
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

      expect((await unfinished(folder)).map((job) => [job.state, job.owner.name, job.attempts])).toEqual([
        ['rendered', 'A', 1],
        ['rendered', 'A', 1],
        ['rendered', 'B', 2],
      ]);
    });
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}
