import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRunner } from '../../src/app/runner.ts';
import { openStore } from '../../src/store/store.ts';
import { createControlledEngine } from '../doubles/controlled-engine.ts';
import { jobNamed, taskWith } from '../doubles/samples.ts';

it('a worker keeps the pictures, and tells the queue of them in a message that can be sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'easel-runner-'));
  const store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
  const job = jobNamed('a', { task: taskWith({ count: 2 }) });
  const run = createRunner(createControlledEngine({ atOnce: true }), store);
  const signal = new AbortController().signal;
  const result = await run(job, { signal, device: 0, onProgress: () => undefined, onHeld: () => undefined });
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(JSON.stringify(result).length).toBeLessThan(1000);
  expect(result).toMatchObject({ notes: [], loadMs: 0 });
  expect(result.pictures.map(({ width, height }) => [width, height])).toEqual([
    [64, 64],
    [64, 64],
  ]);
  expect(await store.pictures.png('a', 1)).toEqual(Buffer.from([2, 2, 2]));
  expect(await store.pictures.latents('a', 1)).toBeDefined();
  await store.close();
  rmSync(folder, { recursive: true });
});
