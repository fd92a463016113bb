import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOT_OURS = ['node_modules', '.git'];

/** Every Markdown file of the project, by its path. */
function pages(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** As GitHub makes them of a page's headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages of this project', () => {
  const found = pages();

  test('are found', () => {
    const names = found.map((path) => relative(ROOT, path));
    expect(names).toEqual(expect.arrayContaining(['README.md', join('engine', 'README.md')]));
  });

  test.each(found.map((path) => [relative(ROOT, path), path]))('%s links to what is there', (_name, path) => {
    const markdown = readFileSync(path, 'utf8');
    const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path : join(dirname(path), decodeURI(file));
      if (!existsSync(linked)) return true;
      if (anchor === undefined || statSync(linked).isDirectory()) return anchor !== undefined;
      return linked.endsWith('.md') && !anchorsOf(readFileSync(linked, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test('the engine says of every sampler where its formula lives', () => {
  const page = readFileSync(join(ROOT, 'engine', 'README.md'), 'utf8');
  const helpers = ['index', 'config', 'scheduler', 'alpha-space', 'solver-space'];
  const files = readdirSync(join(ROOT, 'engine', 'schedulers')).map((file) => file.replace('.ts', ''));
  const missing = files.filter((file) => !helpers.includes(file) && !page.includes(`(schedulers/${file}.ts)`));
  expect(missing).toEqual([]);
});
