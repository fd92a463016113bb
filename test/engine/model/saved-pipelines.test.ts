import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineHost, type GenerationSpec } from '../../../engine/index.ts';
import { TorchGenerator } from '../../../engine/rng/torch-generator.ts';
import { loadClipTokenizer } from '../../../engine/tokenizer/clip.ts';
import { golden, goldenTensors, tinyModel } from '../goldens.ts';
import { encodeSafetensors, storedTensors } from './checkpoint-file.ts';

interface SavedCase {
  readonly tokenizer: string;
  readonly rows: number;
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly rgb?: string;
}

const TOKENIZERS = fileURLToPath(new URL('../../fixtures/tokenizers', import.meta.url));
const { cases, rowSeed } = golden<{ cases: SavedCase[]; rowSeed: number }>('saved-pipelines');
const names = [...new Set(cases.map(({ tokenizer }) => tokenizer))];
const PLAIN_TOKENIZER = join(tinyModel('tiny-conv'), 'tokenizer');
/** Of 255, in every pixel. */
const TOLERANCE = 2;

let root: string;
let engine: EngineHost;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-saved-'));
  for (const name of names) {
    await cp(tinyModel('tiny-conv'), join(root, name), { recursive: true });
    const tokenizer = join(root, name, 'tokenizer');
    // What transformers 5 saves is the whole folder.
    if (name === 'saved') await rm(tokenizer, { recursive: true });
    await cp(join(TOKENIZERS, name), tokenizer, { recursive: true });
    await growVocabulary(join(root, name), cases.find((entry) => entry.tokenizer === name)?.rows ?? 0);
  }
  engine = createEngine({ modelSources: [root], threads: 1, previewEvery: 0 });
});
afterAll(async () => {
  await engine.close();
  await rm(root, { recursive: true });
});

/** Rows of learned words at the end of the text encoder's own table, as `resize_token_embeddings` adds them. */
async function growVocabulary(model: string, rows: number): Promise<void> {
  const file = join(model, 'text_encoder', 'model.safetensors');
  const tensors = await storedTensors(file);
  const key = 'text_model.embeddings.token_embedding.weight';
  const table = tensors.get(key);
  const [old = 0, hidden = 0] = table?.shape ?? [];
  const added = rows > 0 ? new TorchGenerator(rowSeed).randn(rows * hidden) : new Float32Array();
  const bytes = Buffer.concat([table?.bytes ?? new Uint8Array(), new Uint8Array(added.buffer)]);
  tensors.set(key, { dtype: 'F32', shape: [old + rows, hidden], bytes });
  await writeFile(file, encodeSafetensors(tensors));
  const config = join(model, 'text_encoder', 'config.json');
  await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), vocab_size: old + rows }));
}

const specOf = (model: string, prompt: string): GenerationSpec => ({
  ...{ prompt, negative: '', width: 64, height: 64, steps: 4, guidance: 7.5, sampler: 'ddim', model },
  ...{ seed: 42, count: 1, variations: [], syntax: 'plain' },
});

describe.each(names)("a pipeline with the tokenizer folder '%s'", (name) => {
  const own = cases.filter(({ tokenizer }) => tokenizer === name);

  test('has the ids that transformers gives, learned words and padding among them', async () => {
    const tokenizer = await loadClipTokenizer(join(root, name, 'tokenizer'));
    for (const { prompt, ids } of own) expect(tokenizer.encodePadded(prompt, ids.length), prompt).toEqual(ids);
  });

  test.each(own.flatMap(({ prompt, rgb }) => (rgb === undefined ? [] : [[prompt, rgb] as const])))(
    "draws diffusers' picture of '%s'",
    async (prompt, rgb) => {
      const tensor = await goldenTensors('saved-pipelines');
      const { pictures } = await engine.run({ kind: 'generate', spec: specOf(name, prompt) });
      const actual = pictures[0]?.rgb ?? new Uint8Array();
      const expected = tensor(rgb).bytes;
      expect(actual).toHaveLength(expected.length);
      const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
      expect(worst).toBeLessThanOrEqual(TOLERANCE);
    },
  );
});

describe('a tokenizer folder', () => {
  const folders: string[] = [];
  const made = async (from: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'easel-tokenizer-'));
    folders.push(folder);
    await cp(from, folder, { recursive: true });
    return folder;
  };
  const rewrite = async (file: string, change: (content: Record<string, unknown>) => unknown) =>
    writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))));
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  test('of transformers 4, whose tokenizer.json has its merges as strings, is read as one with pairs', async () => {
    const folder = await made(join(TOKENIZERS, 'saved'));
    await rewrite(join(folder, 'tokenizer.json'), (content) => {
      const model = content.model as { merges: [string, string][] };
      return { ...content, model: { ...model, merges: model.merges.map((pair) => pair.join(' ')) } };
    });
    const tokenizer = await loadClipTokenizer(folder);
    for (const { prompt, ids } of cases.filter(({ tokenizer: name }) => name === 'saved')) {
      expect(tokenizer.encodePadded(prompt, ids.length)).toEqual(ids);
    }
  });

  test('with a word that the text encoder has no row for is used, and the word refused', async () => {
    const tokenizer = await loadClipTokenizer(join(TOKENIZERS, 'saved'), 914);
    expect(tokenizer.encode('a red fox').length).toBeGreaterThan(2);
    expect(() => tokenizer.encode('a <sks> fox')).toThrow(
      'The word "<sks>" cannot be used: this model\'s tokenizer knows it, but its text encoder does not.',
    );
  });

  test('that pads with a token it lacks is refused by name', async () => {
    const folder = await made(PLAIN_TOKENIZER);
    await rewrite(join(folder, 'special_tokens_map.json'), (content) => ({ ...content, pad_token: '[PAD]' }));
    await expect(loadClipTokenizer(folder)).rejects.toThrow(/vocab\.json lacks \[PAD\], its padding token/);
  });

  test.each([
    ['WordPiece', (content: object) => ({ ...content, model: { type: 'WordPiece', vocab: { a: 0 } } })],
    ['another program', () => ({ words: [] })],
  ])("of %s is refused as not CLIP's", async (_kind, change) => {
    const folder = await made(join(TOKENIZERS, 'saved'));
    await rewrite(join(folder, 'tokenizer.json'), change);
    await expect(loadClipTokenizer(folder)).rejects.toThrow(/tokenizer\.json is not a CLIP tokenizer/);
  });
});
