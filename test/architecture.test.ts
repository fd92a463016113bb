import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  /** Paths from the root of the checkout. */
  readonly from: string;
  /** A file of ours, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.ts'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const statements = text.matchAll(/(?:^|\n)(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/g);
  return Array.from(statements, ([, type, named, dynamic]) => {
    const target = named ?? dynamic ?? '';
    const to = target.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), target)) : target;
    return { from: file, to, typeOnly: type !== undefined };
  });
}

const all = ['engine', 'src', 'commands'].flatMap(sources).flatMap(importsOf);
const within = (path: string, ...folders: string[]) => folders.some((folder) => path.startsWith(`${folder}/`));
const show = (broken: readonly Import[]) => broken.map(({ from, to }) => `${from} → ${to}`);

describe('the house stands as drawn', () => {
  test('every import was found', () => {
    expect(all.length).toBeGreaterThan(150);
  });

  test('the engine knows nothing of the bot', () => {
    expect(show(all.filter(({ from, to }) => within(from, 'engine') && within(to, 'src', 'commands')))).toEqual([]);
  });

  test('outside the engine only its one door is used', () => {
    const doors = ['engine/index.ts'];
    const through = all.filter(
      ({ from, to }) => !within(from, 'engine') && within(to, 'engine') && !doors.includes(to),
    );
    expect(show(through)).toEqual([]);
  });

  test('only the session calls ONNX Runtime', () => {
    const callers = all.filter(({ to }) => to === 'onnxruntime-node').map(({ from }) => from);
    expect(callers).toEqual(['engine/session/session.ts']);
  });

  test('the shell never loads ONNX Runtime', () => {
    const reached = new Set(['src/main.ts']);
    for (const file of reached) {
      for (const { from, to, typeOnly } of all) if (from === file && !typeOnly) reached.add(to);
    }
    expect(reached).toContain('engine/process/client.ts');
    expect(reached).not.toContain('onnxruntime-node');
  });

  test('one module imports sharp, which takes its needless loaders away', () => {
    const callers = [...all, ...sources('tools').flatMap(importsOf)].filter(
      ({ to, typeOnly }) => to === 'sharp' && !typeOnly,
    );
    expect(callers.map(({ from }) => from)).toEqual(['src/image/sharp.ts']);
  });

  test('pictures from elsewhere are decoded in a process of their own', () => {
    const decoders = all.filter(({ to, typeOnly }) => to === 'src/inputs/decode-picture.ts' && !typeOnly);
    const starters = all.filter(({ to, typeOnly }) => to === 'src/inputs/decode-process.ts' && !typeOnly);
    expect(show(decoders)).toEqual(['src/inputs/decode-process.ts → src/inputs/decode-picture.ts']);
    expect(show(starters)).toEqual([]);
  });

  test('core imports core, and from the engine types and its door alone', () => {
    const strays = all.filter(
      ({ from, to }) =>
        within(from, 'src/core') &&
        !within(to, 'src/core') &&
        to !== 'engine/index.ts' &&
        to !== 'src/core/errors.ts' &&
        to !== 'node:crypto',
    );
    expect(show(strays)).toEqual([]);
  });

  test.each([
    ['src/queue', ['src/store', 'src/image', 'src/platforms']],
    ['src/store', ['src/queue', 'src/platforms']],
    ['src/image', ['src/queue', 'src/store', 'src/platforms']],
    ['src/platforms', ['src/queue', 'src/store']],
  ])('%s reaches into no room beside it, but for ports', (room, others) => {
    const strays = all.filter(
      ({ from, to }) => within(from, room) && within(to, ...others) && !to.endsWith('/port.ts') && !to.includes('cli'),
    );
    expect(show(strays)).toEqual([]);
  });

  test('commands know ports and core, never a platform, a database or a queue', () => {
    const strays = all.filter(
      ({ from, to }) =>
        within(from, 'commands') &&
        within(to, 'src') &&
        !within(to, 'src/core') &&
        !to.endsWith('/port.ts') &&
        to !== 'src/core/errors.ts',
    );
    expect(show(strays)).toEqual([]);
    const packages = all.filter(
      ({ from, to }) => within(from, 'commands') && !to.includes('/') && !to.startsWith('node:'),
    );
    expect(show(packages)).toEqual([]);
  });

  test('no platform knows another', () => {
    const platformOf = (path: string) => /^src\/platforms\/(?!shared\/)(\w+)\//.exec(path)?.[1];
    const strays = all.filter(({ from, to }) => {
      const [a, b] = [platformOf(from), platformOf(to)];
      return a !== undefined && b !== undefined && a !== b;
    });
    expect(show(strays)).toEqual([]);
  });
});
