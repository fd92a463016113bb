import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parseParameters } from '../../src/core/parse-parameters.ts';
import { decodePng } from '../../src/image/encode.ts';
import { readParameters } from '../../src/image/png-text.ts';

const run = promisify(execFile);
const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const easel = path('bin/easel.js');
const model = path('test/fixtures/models/tiny-linear');

it('the program draws with a real model, the same picture twice, from any folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'easel-program-'));
  try {
    const files = [];
    for (const name of ['one.png', 'two.png']) {
      const args = [
        easel,
        'imagine',
        'a fox',
        '--out',
        name,
        '--json',
        '--seed',
        '5',
        '--steps',
        '2',
        '--size',
        '64x72',
      ];
      const { stdout, stderr } = await run(process.execPath, [...args, '--model', model], { cwd: folder });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ seed: 5, width: 64, height: 72, model: 'tiny-linear' });
      expect(JSON.parse(stdout).stepMs).toHaveLength(2);
      files.push(new Uint8Array(await readFile(join(folder, name))));
    }
    const [one, two] = files;
    if (one === undefined) throw new Error('nothing was written');
    expect(two).toEqual(one);
    expect(await decodePng(one)).toMatchObject({ width: 64, height: 72 });
    expect(parseParameters((await readParameters(one)) ?? '')?.recipe).toMatchObject({
      spec: { prompt: 'a fox', seed: 5, steps: 2 },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('the program says what is wrong and ends with 2', async () => {
  const failure = await run(process.execPath, [
    easel,
    'imagine',
    'a fox',
    '--out',
    'x.png',
    '--width',
    '513',
    '--model',
    model,
  ])
    .then(() => undefined)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 2, stdout: '', stderr: 'Width must be a multiple of 8; try 512.\n' });
});
