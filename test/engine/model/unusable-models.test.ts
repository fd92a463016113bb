import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngine } from '../../../engine/index.ts';
import { tinyModel } from '../goldens.ts';
import { checkpointTensors, writeCheckpoint } from './checkpoint-file.ts';

const NOBODY = 65_534;
/** Nothing is unreadable to root, so root tries it as somebody else. */
const IS_ROOT = process.getuid?.() === 0;
const HAS_PIPES = process.platform !== 'win32';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-unusable-'));
  await chmod(root, 0o755);
  folder = join(root, 'models');
  await mkdir(folder);
  await writeCheckpoint(join(folder, 'painter.safetensors'), await checkpointTensors('tiny-conv'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function describeModels(modelSources: readonly string[]) {
  const engine = createEngine({ modelSources });
  if (IS_ROOT) process.seteuid?.(NOBODY);
  try {
    return await engine.describe();
  } finally {
    if (IS_ROOT) process.seteuid?.(0);
    await engine.close();
  }
}

const header = (length: bigint, rest = '') => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(length);
  return Buffer.concat([bytes, Buffer.from(rest)]);
};
const pipe = (path: string) => execFileSync('mkfifo', [path]);

interface Unusable {
  readonly what: string;
  readonly make: (path: string) => unknown;
  readonly sentence: RegExp;
}

const FILES: readonly Unusable[] = [
  { what: 'a folder', make: (path) => mkdir(path), sentence: /a\.safetensors is a folder, not a file/ },
  {
    what: 'a link that leads nowhere',
    make: (path) => symlink(join(root, 'nowhere'), path),
    sentence: /a\.safetensors cannot be opened; check that it is complete/,
  },
  { what: 'a link to itself', make: (path) => symlink(path, path), sentence: /a\.safetensors cannot be opened/ },
  {
    what: 'an empty file',
    make: (path) => writeFile(path, ''),
    sentence: /a\.safetensors is damaged: it is only 0 bytes/,
  },
  {
    what: 'a file of garbage',
    make: (path) => writeFile(path, Buffer.alloc(1000, 0xff)),
    sentence: /a\.safetensors is damaged: its header claims 18446744073709551615 bytes/,
  },
  {
    what: 'a header of 2^63 bytes',
    make: (path) => writeFile(path, header(2n ** 63n)),
    sentence: /a\.safetensors is damaged: its header claims 9223372036854775808 bytes/,
  },
  {
    what: 'a header that is no JSON',
    make: (path) => writeFile(path, header(4n, 'none')),
    sentence: /a\.safetensors is damaged: its header is not JSON/,
  },
  {
    what: 'no tensors',
    make: (path) => writeFile(path, header(2n, '{}')),
    sentence: /a\.safetensors is not a Stable Diffusion checkpoint/,
  },
  {
    what: 'a file without permission',
    make: async (path) => {
      await writeFile(path, header(2n, '{}'));
      await chmod(path, 0);
    },
    sentence: /a\.safetensors cannot be read by the user that runs Easel; change its permissions/,
  },
  { what: 'a device', make: (path) => symlink('/dev/zero', path), sentence: /a\.safetensors is a pipe or a device/ },
  { what: 'a pipe', make: pipe, sentence: /a\.safetensors is a pipe or a device, not a file/ },
];

const FOLDERS: readonly Unusable[] = [
  { what: 'an empty index', make: (path) => writeFile(path, ''), sentence: /model_index\.json is not JSON/ },
  {
    what: 'a folder as index',
    make: (path) => mkdir(path),
    sentence: /model_index\.json is a folder, not a file/,
  },
  {
    what: 'an index that leads nowhere',
    make: (path) => symlink(join(root, 'nowhere'), path),
    sentence: /lacks .*model_index\.json/,
  },
  {
    what: 'an index as large as weights',
    make: async (path) => {
      await writeFile(path, '');
      await truncate(path, 10_000_000_000);
    },
    sentence: /model_index\.json has 10000000000 bytes, which is too large for this kind of file/,
  },
  { what: 'a pipe as index', make: pipe, sentence: /model_index\.json is a pipe or a device/ },
];

// Windows has no pipes and devices among its files, and needs a right to make links.
describe.skipIf(!HAS_PIPES)('one model that cannot be used is refused, and the others are there', () => {
  test.each(FILES)('$what named a.safetensors', async ({ make, sentence }) => {
    const path = join(folder, 'a.safetensors');
    await make(path);
    for (const given of [[folder], [path, join(folder, 'painter.safetensors')]]) {
      const { models, defaultModel, refused } = await describeModels(given);
      expect(models.map(({ id }) => id)).toEqual(['painter']);
      expect(defaultModel).toBe('painter');
      expect(refused).toEqual([expect.stringMatching(sentence)]);
    }
    await expect(describeModels([path])).rejects.toThrow(sentence);
  });

  test.each(FOLDERS)('a folder with $what', async ({ make, sentence }) => {
    await cp(tinyModel('tiny-half'), join(folder, 'half'), { recursive: true });
    const index = join(folder, 'half', 'model_index.json');
    await rm(index);
    await make(index);
    const { models, refused } = await describeModels([folder]);
    expect(models.map(({ id }) => id)).toEqual(['painter']);
    expect(refused).toEqual([expect.stringMatching(sentence)]);
  });

  test('a second one of the same name', async () => {
    await mkdir(join(root, 'more'));
    await cp(join(folder, 'painter.safetensors'), join(root, 'more', 'painter.safetensors'));
    const { models, refused } = await describeModels([folder, join(root, 'more')]);
    expect(models.map(({ id }) => id)).toEqual(['painter']);
    expect(refused).toEqual([
      'Two models are named "painter": the one in models is used, the one in more is not; rename one.',
    ]);
  });

  test('a model that is not there, beside one that is', async () => {
    const { models, refused } = await describeModels([
      join(root, 'gone.safetensors'),
      join(folder, 'painter.safetensors'),
    ]);
    expect(models.map(({ id }) => id)).toEqual(['painter']);
    expect(refused).toEqual([expect.stringMatching(/gone\.safetensors cannot be opened/)]);
  });

  test('a checkpoint whose scheduler is not there, which is drawn with another', async () => {
    await mkdir(join(folder, 'painter', 'scheduler'), { recursive: true });
    const file = join(tinyModel('tiny-conv'), 'scheduler', 'scheduler_config.json');
    const config = { ...JSON.parse(await readFile(file, 'utf8')), _class_name: 'FutureScheduler' };
    await writeFile(join(folder, 'painter', 'scheduler', 'scheduler_config.json'), JSON.stringify(config));
    await cp(tinyModel('tiny-half'), join(folder, 'half'), { recursive: true });
    const { models, refused } = await describeModels([folder]);
    expect(models).toMatchObject([{ id: 'painter' }, { id: 'half' }]);
    expect(refused).toEqual([]);
    expect(models[0]?.samplerNote).toContain('FutureScheduler');
  });
});
