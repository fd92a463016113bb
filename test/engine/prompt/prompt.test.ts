import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isEngineError } from '../../../engine/errors.ts';
import type { GenerationSpec } from '../../../engine/generation-spec.ts';
import { readLoraTags } from '../../../engine/lora/lora-tags.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { Batcher } from '../../../engine/pipeline/batcher.ts';
import { runTask } from '../../../engine/pipeline/pipeline.ts';
import { chunkPrompt } from '../../../engine/prompt/chunks.ts';
import { wordsPastLimit } from '../../../engine/prompt/conditioning.ts';
import { type EmphasisPart, parseEmphasis } from '../../../engine/prompt/emphasis.ts';
import { promptStages, stageAt } from '../../../engine/prompt/prompt-editing.ts';
import { runs } from '../../full-run.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';

interface Stages {
  readonly steps: number;
  readonly cases: readonly (readonly [prompt: string, stages: readonly (readonly [endStep: number, text: string])[]])[];
}
interface Emphasis {
  readonly cases: readonly (readonly [prompt: string, parts: readonly (readonly [text: string, weight: number])[]])[];
}

/** Two readings are as good: the reference's parser takes the first bracket for text, Easel the last. */
const AMBIGUOUS = ['é[::2]::2]0.5a'];

const asPair = (part: EmphasisPart) => (part.kind === 'break' ? ['BREAK', -1] : [part.text, part.weight]);

describe('a prompt', () => {
  it('is edited from step to step as AUTOMATIC1111 does it', () => {
    const { steps, cases } = golden<Stages>('prompt-stages');
    expect(cases.length).toBeGreaterThan(800);
    for (const [prompt, expected] of cases) {
      if (AMBIGUOUS.includes(prompt)) continue;
      const stages = promptStages(prompt, steps).map(({ endStep, text }) => [endStep, text]);
      expect(stages, prompt).toEqual(expected);
    }
  });

  it('is weighted as AUTOMATIC1111 does it', () => {
    const { cases } = golden<Emphasis>('prompt-emphasis');
    expect(cases.length).toBeGreaterThan(800);
    for (const [prompt, expected] of cases) expect(parseEmphasis(prompt).map(asPair), prompt).toEqual(expected);
  });

  it('counts a stage until that many steps have been made', () => {
    const stages = promptStages('[a:b:2]', 4);
    expect([0, 1, 2, 3, 4].map((done) => stageAt(stages, done).text)).toEqual(['a', 'a', 'a', 'b', 'b']);
  });

  it('is always read, whatever it holds, and ends at the last step', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('[', ']', '(', ')', ':', '|', '\\', 'a', ' ', '1', '.', 'BREAK'),
    });
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 150 }), (prompt, steps) => {
        const stages = promptStages(prompt, steps);
        expect(stages.at(-1)?.endStep).toBe(steps);
        for (const { text } of stages) expect(parseEmphasis(text).length).toBeGreaterThan(0);
      }),
      { numRuns: runs(3000) },
    );
  });

  it('is read in time that its length allows, however deep it nests', () => {
    for (const unit of ['[', '(', '[a:', '[a|', '((a:1.1)', '\\(', '[(']) {
      const prompt = unit.repeat(2000 / unit.length);
      expect(promptStages(prompt, 150).at(-1)?.endStep).toBe(150);
      expect(parseEmphasis(prompt).length).toBeGreaterThan(0);
    }
  });
});

interface Embedding {
  readonly key: string;
  readonly model: string;
  readonly clipSkip: number;
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly weights: readonly number[];
}

/** Of AUTOMATIC1111's own code on torch; what is measured is near 1e-6. */
const TOLERANCE = 1e-5;

describe.each(['tiny-conv', 'tiny-linear'])('the prompts of %s', (name) => {
  let networks: Networks;
  beforeAll(async () => {
    networks = await openNetworks(await readModelFolder(tinyModel(name)), { provider: 'cpu', threads: 1 });
  });
  afterAll(() => networks.close());

  const { every, cases } = golden<{ every: number; cases: Embedding[] }>('prompt-embeddings');
  const own = cases.filter(({ model }) => model === name);

  it('are cut into chunks as AUTOMATIC1111 cuts them', () => {
    for (const { prompt, ids, weights } of own) {
      const chunks = chunkPrompt(parseEmphasis(prompt), networks.tokens);
      expect(chunks.flatMap((chunk) => chunk.ids)).toEqual(ids);
      const expected = weights.map((weight) => expect.closeTo(weight, 10));
      expect(chunks.flatMap((chunk) => chunk.weights)).toEqual(expected);
    }
  });

  it('are embedded as AUTOMATIC1111 embeds them, weighted, at any length, from either of the last layers', async () => {
    const tensor = await goldenTensors('prompt-embeddings');
    const hidden = networks.model.textEncoders[0].config.hidden_size;
    for (const { key, prompt, clipSkip } of own) {
      const all = await networks.encodeText(prompt, { syntax: 'a1111', clipSkip });
      const rows = Array.from({ length: all.length / hidden }, (_, row) =>
        all.subarray(row * hidden, (row + 1) * hidden),
      );
      const kept = rows.filter((_, row) => row % every === 0).flatMap((row) => [...row]);
      expect(relativeError(kept, tensor(key).floats), key).toBeLessThan(TOLERANCE);
    }
  });

  it('are read to the letter when asked to, and cut where the model ends', async () => {
    const plain = { syntax: 'plain', clipSkip: 1 } as const;
    const long = 'a (red) fox, '.repeat(30);
    expect(await networks.encodeText('(a)', plain)).not.toEqual(await networks.encodeText('a', plain));
    expect((await networks.encodeText(long, plain)).length).toBe((await networks.encodeText('a', plain)).length);
    const lost = wordsPastLimit(long, networks.tokens);
    const kept = long.slice(0, -lost.length);
    expect(long.endsWith(lost) && lost !== '').toBe(true);
    expect(networks.tokens.encode(kept).length).toBeLessThanOrEqual(75);
    expect(networks.tokens.encode(`${kept}${lost.split(' ')[0]}`).length).toBeGreaterThan(75);
    expect(wordsPastLimit('a fox', networks.tokens)).toBe('');
  });

  it('are refused when they ask for more layers than there are', async () => {
    const reading = { syntax: 'a1111', clipSkip: 12 } as const;
    await expect(networks.encodeText('a', reading)).rejects.toThrow(/Clip skip can be at most \d/);
  });

  it('are refused with a sentence when the UNet would have to attend to more than makes sense', async () => {
    const drawn = (prompt: string) =>
      runTask(networks, { kind: 'generate', spec: { ...SPEC, model: name, steps: 1, prompt } }, OPTIONS);
    await expect(drawn('a BREAK '.repeat(32))).resolves.toBeDefined();
    await expect(drawn('a BREAK '.repeat(41))).rejects.toThrow(
      'The prompt makes 41 chunks of 75 tokens, but the limit is 32; shorten it, or use BREAK less often.',
    );
  });

  it.each([`(a:${'9'.repeat(400)})`, `${'('.repeat(60)}a${':9999999999)'.repeat(60)}`])(
    'are refused with a sentence when their emphasis is past all numbers: %s',
    async (prompt) => {
      await expect(networks.encodeText(prompt, { syntax: 'a1111', clipSkip: 1 })).rejects.toThrow(
        'The emphasis in the prompt is too large to compute; use weights such as (word:1.3).',
      );
    },
  );

  it('give numbers or a sentence, whatever they hold, in time that their length allows', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        ':',
        '|',
        '\\',
        ',',
        ' BREAK ',
        '<lora:x:',
        '>',
        '0.5',
        '-1',
        '1e9',
        '.',
        ' ',
      ),
      fc.constantFrom('a fox', 'лиса', '猫', '🦊', '\u0000', '\ud800', '<|endoftext|>', '\n', '9'.repeat(40)),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const prompts = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(prompts, fc.integer({ min: 1, max: 150 }), async (prompt, steps) => {
        const began = performance.now();
        const { text, loras } = readLoraTags(prompt);
        expect(loras.every(({ strengths }) => !Number.isNaN(strengths.textEncoder + strengths.unet))).toBe(true);
        const stages = promptStages(text, steps);
        const [fixture] = stages;
        const reading = { syntax: 'a1111', clipSkip: 1 } as const;
        const embedding = await networks.encodeText(fixture?.text ?? '', reading).catch((error: unknown) => {
          expect(isEngineError(error), String(error)).toBe(true);
          return new Float32Array();
        });
        expect(embedding.every(Number.isFinite)).toBe(true);
        expect(performance.now() - began).toBeLessThan(5000);
      }),
      { numRuns: runs(300) },
    );
  });

  it('change from step to step, and the halves of guidance may differ in length', async () => {
    const spec = { ...SPEC, model: name, prompt: `[a fox:an owl:1], ${'red, '.repeat(60)}`, negative: '[a|b]' };
    const { pictures, notes } = await runTask(networks, { kind: 'generate', spec }, OPTIONS);
    const still = { ...spec, prompt: spec.prompt.replace('[a fox:an owl:1]', 'a fox') };
    const { pictures: others } = await runTask(networks, { kind: 'generate', spec: still }, OPTIONS);
    expect(pictures[0]?.latents.data).not.toEqual(others[0]?.latents.data);
    expect(notes).toEqual([]);
  });

  it('say which words were left out', async () => {
    const spec = { ...SPEC, model: name, prompt: `${'a '.repeat(75)}lost words`, syntax: 'plain' as const };
    const { notes } = await runTask(networks, { kind: 'generate', spec }, OPTIONS);
    expect(notes).toEqual(['The prompt is longer than the model reads; skipped: lost words']);
  });
});

const SPEC: Omit<GenerationSpec, 'model'> = {
  ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 3, guidance: 5 },
  ...{ sampler: 'ddim', seed: 1, count: 1, variations: [] },
};
const OPTIONS = {
  previewEvery: 0,
  loadMs: 0,
  batcher: new Batcher(),
  memory: { maxRows: 8, wholePixels: 2 ** 20, peak: 0 },
  enlarge: async () => {
    throw new Error('nothing is enlarged here');
  },
};
