import { describe, expect, test } from 'vitest';
import { findCycles } from './architecture/cycles.ts';
import { FOLDERS, folderOf, PACKAGES, packageOf } from './architecture/folders.ts';
import { type Import, importsOf, readImports, sourcesOf } from './architecture/imports.ts';

const files = ['engine', 'src', 'commands'].flatMap(sourcesOf);
const all = files.flatMap(importsOf);
const known = new Set(files);
const between = all.filter(({ to }) => packageOf(to) === undefined && !to.startsWith('node:'));
const show = (broken: readonly Import[]) => broken.map(({ from, to }) => `${from} → ${to}`);
const isIn = (file: string, place: string) => file === place || folderOf(file) === place;

describe('the imports are read', () => {
  test('in every form', () => {
    const text = `
      import { a, type B } from './a.ts';
      import './b.ts';
      import type { C } from '../c.ts';
      export * from 'd';
      export type { E } from './e.ts';
      const f = await import('./f.ts');
      type G = import('./g.ts').G;
      // import './not.ts'
    `;
    const found = readImports('src/lib/x.ts', text).map(({ to, kind }) => (kind === 'static' ? to : `${kind} ${to}`));
    expect(found).toEqual([
      'src/lib/a.ts',
      'src/lib/b.ts',
      'type src/c.ts',
      'd',
      'type src/lib/e.ts',
      'lazy src/lib/f.ts',
      'type src/lib/g.ts',
    ]);
    const page = "/** @typedef {import('../wire.ts').A} A */\n/** @param {import('./b.js').B} b */ function f(b) {}";
    expect(readImports('web/page/x.js', page).map(({ to }) => to)).toEqual(['web/wire.ts', 'web/page/b.js']);
  });

  test('of every file, and each leads to a file', () => {
    expect(files.length).toBeGreaterThan(300);
    expect(between.length).toBeGreaterThan(1000);
    expect(show(between.filter(({ to }) => /\.[jt]s$/.test(to) && !known.has(to)))).toEqual([]);
  });
});

describe('folders', () => {
  test('are all in the table, and the table names no others', () => {
    expect([...new Set(files.map(folderOf))].sort()).toEqual(Object.keys(FOLDERS).sort());
  });

  test('may import only what stands above them in the table', () => {
    const rows = Object.keys(FOLDERS);
    const upwards = Object.entries(FOLDERS).flatMap(([row, allowed], index) =>
      allowed.filter((name) => !rows.slice(0, index).includes(name)).map((name) => `${row} → ${name}`),
    );
    expect(upwards).toEqual([]);
  });

  test.each(Object.entries(FOLDERS))('%s imports only what the table allows', (row, allowed) => {
    const own = between.filter(({ from }) => folderOf(from) === row);
    expect(show(own.filter(({ to }) => folderOf(to) !== row && !allowed.includes(folderOf(to))))).toEqual([]);
  });

  test('import each other in no circle', () => {
    expect(findCycles(between.map(({ from, to }) => [folderOf(from), folderOf(to)] as const))).toEqual([]);
  });
});

describe('files', () => {
  test('import each other in no circle, types included', () => {
    expect(findCycles(between.map(({ from, to }) => [from, to] as const))).toEqual([]);
  });

  test('in a circle are found', () => {
    const chain = [
      ['a', 'b'],
      ['b', 'c'],
      ['a', 'c'],
      ['c', 'c'],
    ] as const;
    expect(findCycles(chain)).toEqual([]);
    expect(findCycles([...chain, ['c', 'a']])).toEqual([['a', 'b', 'c', 'a']]);
  });
});

describe('packages', () => {
  test.each(Object.entries(PACKAGES))('%s is imported only by %j', (name, places) => {
    const importers = all.filter(({ to }) => packageOf(to) === name).map(({ from }) => from);
    expect(importers).not.toEqual([]);
    expect(importers.filter((from) => !places.some((place) => isIn(from, place)))).toEqual([]);
  });

  test('are not imported by the commands or by core', () => {
    const pure = all.filter(({ from }) => from.startsWith('commands/') || from.startsWith('src/core/'));
    expect(show(pure.filter(({ to }) => packageOf(to) !== undefined))).toEqual([]);
  });

  test('of a platform are loaded only when it is set up', () => {
    const loaded = loadedBy('src/main.ts', ['static']);
    expect(loaded).toContain('hono');
    expect(loaded).not.toContain('discord.js');
    expect(loaded).not.toContain('@slack/bolt');
  });
});

describe('processes', () => {
  test('the bot never loads ONNX Runtime: the engine runs in a process of its own', () => {
    const loaded = loadedBy('src/main.ts');
    expect(loaded).toContain('engine/process/client.ts');
    expect(loaded).not.toContain('onnxruntime-node');
    expect(loadedBy('engine/process/child.ts')).toContain('onnxruntime-node');
  });

  test('pictures from elsewhere are decoded in processes of their own', () => {
    const importers = (file: string) => all.filter(({ to, kind }) => to === file && kind !== 'type');
    expect(show(importers('src/inputs/decode-picture.ts'))).toEqual([
      'src/inputs/decode-process.ts → src/inputs/decode-picture.ts',
    ]);
    expect(show(importers('src/inputs/decode-process.ts'))).toEqual([]);
  });
});

test('the tools take sharp from where the bot does, with its needless loaders removed', () => {
  const own = sourcesOf('tools').flatMap(importsOf);
  expect(show(own.filter(({ to, kind }) => to === 'sharp' && kind !== 'type'))).toEqual([]);
});

/** Files and packages that may come into memory once this file is imported, or, by `static` alone, that always do. */
function loadedBy(start: string, kinds: readonly Import['kind'][] = ['static', 'lazy']): ReadonlySet<string> {
  const loaded = new Set([start]);
  for (const file of loaded) {
    for (const { from, to, kind } of all) if (from === file && kinds.includes(kind)) loaded.add(packageOf(to) ?? to);
  }
  return loaded;
}
