import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { chunkPrompt } from '../../../engine/prompt/chunks.ts';
import { parseEmphasis } from '../../../engine/prompt/emphasis.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';
import { encodeSafetensors, type StoredTensor } from '../model/checkpoint-file.ts';

const EMBEDDINGS = fileURLToPath(new URL('../../fixtures/embeddings', import.meta.url));
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
    ['ng_deep_75t', new Map([['emb_params', vectors(75, 32)]])],
    ['too_long_76', new Map([['emb_params', vectors(76, 32)]])],
  ];
  for (const [name, tensors] of strange) {
    files.set(name, join(root, `${name}.safetensors`));
    await writeFile(join(root, `${name}.safetensors`), encodeSafetensors(tensors));
  }
  for (const [name, token] of [
    ['cat-toy', '<cat-toy>'],
    ['style-x', '<style-x>'],
    ['first-letter', 'a'],
    ['second-glow', 'GLOW'],
  ] as const) {
    files.set(name, join(root, `${name}.safetensors`));
    await writeFile(join(root, `${name}.safetensors`), encodeSafetensors(new Map([[token, vectors(1, 32)]])));
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

  test('is also the token that its file names, but for tokens that CLIP has, and words of other files', () => {
    const { encode } = networks.tokenizer;
    expect(encode('a <cat-toy> in <STYLE-X>')).toEqual([...encode('a cat-toy in style-x')]);
    expect(encode('<cat-toy>')).not.toEqual(encode('<style-x>'));
    expect(encode('a')).not.toEqual(encode('first-letter'));
    expect(encode('glow')).not.toEqual(encode('second-glow'));
  });

  test('is found in either spelling of an accent', async () => {
    const file = join(root, 'accent.safetensors');
    await writeFile(file, encodeSafetensors(new Map([['emb_params', vectors(2, 32)]])));
    const accented = await openNetworks(networks.model, {
      ...{ provider: 'cpu', threads: 1 },
      embeddings: new Map([['cafe\u0301', file]]),
    });
    const { encode } = accented.tokenizer;
    expect(encode('a caf\u00e9')).toHaveLength(3);
    expect(encode('a CAFE\u0301')).toEqual(encode('a caf\u00e9'));
    await accented.close();
  });

  test('is never torn: where it has no room left it begins a new chunk, as in AUTOMATIC1111', () => {
    const { tokens } = networks;
    const chunksOf = (prompt: string) => chunkPrompt(parseEmphasis(prompt), tokens);
    const before = 'lowres, bad anatomy, ';
    const [first, second, ...none] = chunksOf(`${before}ng_deep_75t`);
    expect(first?.ids).toEqual(networks.tokenizer.encodePadded(before, 77));
    expect(second?.ids.slice(1, 76)).toEqual(tokens.encode('ng_deep_75t'));
    expect(none).toEqual([]);
    // What follows a word of 75 vectors begins a chunk of its own, its weight with it.
    const chunks = chunksOf('ng_deep_75t, (bad-hands:1.5)');
    expect(chunks.map(({ weights }) => weights.filter((weight) => weight !== 1).length)).toEqual([0, 3]);
  });

  test('near the edge moves whole with what follows the last comma', () => {
    const { tokens } = networks;
    const filler = Array.from({ length: 70 }, () => 'a').join(' ');
    const chunks = chunkPrompt(parseEmphasis(`${filler}, a bad-hands a a a`), tokens);
    const word = tokens.encode('bad-hands');
    const holding = chunks.filter(({ ids }) => ids.some((id) => word.includes(id)));
    expect(chunks).toHaveLength(2);
    expect(holding).toHaveLength(1);
    expect(holding[0]?.ids.slice(2, 5)).toEqual(word);
  });

  test('within a longer word is not meant', async () => {
    const without = await openNetworks(networks.model, { provider: 'cpu', threads: 1 });
    const prompt = 'a glowing fox, afterglow, bad-handsome, glow_2';
    expect(networks.tokenizer.encode(prompt)).toEqual(without.tokenizer.encode(prompt));
    await without.close();
  });

  test.each([
    [
      'too-wide',
      /too-wide\.safetensors is made for another architecture: its vectors have width 768, but this model's have 32/,
    ],
    ['for-xl', /for-xl\.safetensors is made for Stable Diffusion XL models, which this is not; use another one/],
    ['no-word', /no-word\.safetensors contains no embedding vectors/],
    [
      'too_long_76',
      /too_long_76\.safetensors has 76 vectors, but the model reads at most 75 at once; use one with fewer vectors/,
    ],
    ['old', /old\.pt is a pickle file, which can run code when it is opened/],
  ])('that does not fit, %s, is refused when it is written, and only then', async (word, sentence) => {
    await expect(networks.encodeText(`a fox, ${word}`, PLAIN)).rejects.toThrow(sentence);
    await expect(networks.encodeText('a fox', PLAIN)).resolves.toBeInstanceOf(Float32Array);
  });
});
