import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Int8Cache } from '../../../engine/int8/int8-cache.ts';
import type { Int8Layer } from '../../../engine/int8/int8-weights.ts';
import { readTensor } from '../../../engine/weights/tensor-data.ts';

let home: string;
let folder: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'easel-int8-'));
  folder = join(home, 'cache');
});
afterEach(() => rm(home, { recursive: true }));

/** Layers of 2 outputs and 4 inputs, whose weights lie one after the other in a file of floats. */
async function layersIn(name: string, numbers: readonly number[]): Promise<readonly Int8Layer[]> {
  const file = join(home, name);
  await writeFile(file, new Uint8Array(Float32Array.from(numbers).buffer));
  return Array.from({ length: numbers.length / 8 }, (_, i) => ({
    ...{ outputs: 2, channels: 4, kernel: 1 },
    weight: { name: `layer.${i}.weight`, file, dtype: 'F32', shape: [2, 4], offset: 32 * i, length: 32 },
  }));
}

const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, 0, 0, 0, 0];

test('quantised weights are read from the file that the first read has written', async () => {
  const layers = await layersIn('a', NUMBERS);
  const first = await new Int8Cache(folder).read(layers);
  const [name] = await readdir(folder);
  const written = await stat(join(folder, name ?? ''));
  const second = await new Int8Cache(folder).read(layers);
  expect((await stat(join(folder, name ?? ''))).ino).toBe(written.ino);
  for (const weights of [first, second]) {
    const found = weights.of((layers[0] as Int8Layer).weight);
    expect(found?.matrix).toMatchObject({ dtype: 'I8', shape: [4, 2] });
    expect([...(await readTensor(found?.scales as never))]).toEqual([Math.fround(4 / 127), Math.fround(8 / 127)]);
  }
  expect(written.mode & 0o077).toBe(0);
});

test('published weights that change are quantised anew', async () => {
  await new Int8Cache(folder).read(await layersIn('a', NUMBERS));
  const changed = await layersIn(
    'a',
    NUMBERS.map((value) => 2 * value),
  );
  await utimes(join(home, 'a'), new Date(0), new Date(0));
  const weights = await new Int8Cache(folder).read(changed);
  const scales = weights.of((changed[0] as Int8Layer).weight)?.scales;
  expect((await readTensor(scales as never))[0]).toBeCloseTo(8 / 127, 6);
});

test.each([
  ['cut short', (file: string) => truncate(file, 100)],
  ['empty', (file: string) => truncate(file, 0)],
  ['of other bytes', (file: string) => writeFile(file, 'not weights at all')],
])('a file that is %s is made again', async (_, damage) => {
  const layers = await layersIn('a', NUMBERS);
  await new Int8Cache(folder).read(layers);
  const file = join(folder, (await readdir(folder))[0] ?? '');
  const whole = await readFile(file);
  await damage(file);
  await new Int8Cache(folder).read(layers);
  expect(await readFile(file)).toEqual(whole);
});

test('the least recently used file goes when there are more bytes than the bound', async () => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => layersIn(name, NUMBERS)));
  const cache = new Int8Cache(folder, 1000);
  const known = new Set<string>();
  const added = async (layers: readonly Int8Layer[] | undefined, used: number) => {
    await cache.read(layers ?? []);
    const name = (await readdir(folder)).find((one) => !known.has(one)) ?? '';
    known.add(name);
    await utimes(join(folder, name), used, used);
    return name;
  };
  const first = await added(a, 2000);
  const second = await added(b, 1000);
  const { size } = await stat(join(folder, first));
  expect(size).toBeGreaterThan(334);
  expect(size).toBeLessThan(500);
  const third = await added(c, 3000);
  expect((await readdir(folder)).sort()).toEqual([first, third].sort());
  expect(second).not.toBe(first);
});

test('a weight that is not a number is named, and no file is left', async () => {
  const layers = await layersIn('a', [...NUMBERS.slice(0, 12), Number.NaN, 0, 0, 0]);
  await expect(new Int8Cache(folder).read(layers)).rejects.toThrow(/layer\.1\.weight/);
  expect(await readdir(folder)).toEqual([]);
});
