import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelFolder } from '../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../engine/networks.ts';
import { encodeSafetensors, type StoredTensor } from './checkpoint-file.ts';
import { golden, goldenTensors, relativeError, tinyModel } from './goldens.ts';

const EMBEDDINGS = fileURLToPath(new URL('../fixtures/embeddings', import.meta.url));
const PLAIN = { syntax: 'plain', clipSkip: 1 } as const;

interface EmbeddingGolden {
  readonly vocabulary: number;
  readonly words: readonly string[];
  readonly cases: readonly { readonly prompt: string; readonly ids: readonly number[]; readonly tensor: string }[];
}

let root: string;
let networks: Networks;
const { words, cases } = golden<EmbeddingGolden>('embeddings');

const vectors = (...shape: number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(4 * shape.reduce((product, side) => product * side, 1)),
});

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-embedding-'));
  const files = new Map(words.map((word) => [word, join(EMBEDDINGS, `${word}.safetensors`)]));
  const strange: readonly (readonly [string, ReadonlyMap<string, StoredTensor>])[] = [
    ['too-wide', new Map([['emb_params', vectors(2, 768)]])],
    [
      'for-xl',
      new Map([
        ['clip_l', vectors(2, 32)],
        ['clip_g', vectors(2, 64)],
      ]),
    ],
    [
      'no-word',
      new Map([
        ['a', vectors(32)],
        ['b', vectors(32)],
      ]),
    ],
  ];
  for (const [name, tensors] of strange) {
    files.set(name, join(root, `${name}.safetensors`));
    await writeFile(join(root, `${name}.safetensors`), encodeSafetensors(tensors));
  }
  files.set('old', join(root, 'old.pt'));
  networks = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), {
    provider: 'cpu',
    threads: 1,
    embeddings: files,
  });
});
afterAll(async () => {
  await networks.close();
  await rm(root, { recursive: true });
});

describe('a word learned by textual inversion', () => {
  test.each(cases.map((entry) => [entry.prompt, entry] as const))(
    'in "%s" gives the tokens and the embedding of diffusers',
    async (prompt, { ids, tensor }) => {
      expect(networks.tokenizer.encodePadded(prompt, ids.length)).toEqual(ids);
      const expected = (await goldenTensors('embeddings'))(tensor).floats;
      expect(relativeError(await networks.encodeText(prompt, PLAIN), expected)).toBeLessThan(1e-4);
    },
  );

  test('counts in any capitals, with emphasis, and as many tokens as it has vectors', () => {
    expect(networks.tokenizer.encode('BAD-HANDS')).toHaveLength(3);
    expect(networks.tokenizer.encode('(glow)')).toHaveLength(3);
  });

  test('within a longer word is not meant', async () => {
    const without = await openNetworks(networks.folder, { provider: 'cpu', threads: 1 });
    const prompt = 'a glowing fox, afterglow, bad-handsome, glow_2';
    expect(networks.tokenizer.encode(prompt)).toEqual(without.tokenizer.encode(prompt));
    await without.close();
  });

  test.each([
    [
      'too-wide',
      /too-wide\.safetensors is made for another architecture: its vectors have 768 numbers, this model's 32/,
    ],
    ['for-xl', /for-xl\.safetensors is made for Stable Diffusion XL models; use one for Stable Diffusion 1/],
    ['no-word', /no-word\.safetensors holds no vectors of one word/],
    ['old', /old\.pt is a pickle file, which can run code when it is opened/],
  ])('that does not fit, %s, is refused when it is written, and only then', async (word, sentence) => {
    await expect(networks.encodeText(`a fox, ${word}`, PLAIN)).rejects.toThrow(sentence);
    await expect(networks.encodeText('a fox', PLAIN)).resolves.toBeInstanceOf(Float32Array);
  });
});
