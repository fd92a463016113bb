import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ClipTokenizer, loadClipTokenizer } from '../../../engine/tokenizer/clip.ts';
import { golden } from '../goldens.ts';

const FOLDER = fileURLToPath(new URL('../../../models/sketch/tokenizer', import.meta.url));

describe("CLIP's tokenizer", () => {
  let tokenizer: ClipTokenizer;
  beforeAll(async () => {
    tokenizer = await loadClipTokenizer(FOLDER);
  });

  test('gives the ids that transformers gives, on thousands of strings of every kind', () => {
    const { cases } = golden<{ cases: [string, number[]][] }>('tokenizer');
    expect(cases.length).toBeGreaterThanOrEqual(3000);
    const wrong = cases.filter(([text, ids]) => JSON.stringify(tokenizer.encode(text)) !== JSON.stringify(ids));
    expect(wrong.slice(0, 5).map(([text, ids]) => ({ text, expected: ids, actual: tokenizer.encode(text) }))).toEqual(
      [],
    );
  });

  test('frames a prompt with begin and end, and pads with ends to 77', () => {
    const ids = tokenizer.encodePadded('a photo of an astronaut riding a horse on mars', 77);
    expect(ids).toHaveLength(77);
    expect(ids.slice(0, 12)).toEqual([49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496, 49407]);
    expect(new Set(ids.slice(11))).toEqual(new Set([49407]));
  });

  test('reads its files whichever way their lines end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'easel-tokenizer-'));
    const merges = await readFile(join(FOLDER, 'merges.txt'), 'utf8');
    await writeFile(join(folder, 'merges.txt'), merges.replaceAll('\n', '\r\n'));
    await cp(join(FOLDER, 'vocab.json'), join(folder, 'vocab.json'));
    const text = 'a photo of an astronaut riding a horse on mars';
    expect((await loadClipTokenizer(folder)).encode(text)).toEqual(tokenizer.encode(text));
    await rm(folder, { recursive: true });
  });

  test('cuts a long prompt so that the end still stands', () => {
    const ids = tokenizer.encodePadded('fox '.repeat(200), 77);
    expect(ids).toHaveLength(77);
    expect([ids[0], ids[75], ids[76]]).toEqual([49406, 3240, 49407]);
  });
});
