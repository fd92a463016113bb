import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerationSpec } from '../../../engine/index.ts';
import { estimateText, promptTexts } from '../../../engine/index.ts';
import type { MemoryRules } from '../../../engine/memory/memory-plan.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { encodePrompts } from '../../../engine/pipeline/text.ts';
import { readPrompts } from '../../../engine/prompt/read-prompts.ts';
import { chunkPrompts, measureText } from '../../../engine/prompt/text-load.ts';
import { Admission } from '../../../engine/runtime/admission.ts';
import { runs } from '../../full-run.ts';
import { tinyModel } from '../goldens.ts';
import { encodeSafetensors } from '../model/checkpoint-file.ts';

const SPEC: GenerationSpec = {
  ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 20, guidance: 5, sampler: 'ddim' },
  ...{ model: 'tiny-conv', seed: 1, count: 1, variations: [] },
};
const RULES: MemoryRules = { limit: undefined, offload: false, maxRows: 8 };
/** Alternations of 2, 3, 5 … words, a chunk each: another form at each step. */
const alternations = (count: number) =>
  Array.from(
    { length: count },
    (_, i) =>
      `[${'abcdefghijklm'
        .slice(0, [2, 3, 5, 7][i % 4])
        .split('')
        .join('|')}]`,
  );

describe('long prompts', () => {
  let networks: Networks;
  beforeAll(async () => {
    networks = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), { provider: 'cpu', threads: 1 });
  });
  afterAll(() => networks.close());

  it('have each different chunk encoded once, and hold it once, however many steps and forms need it', async () => {
    const spec = { ...SPEC, prompt: alternations(29).join(' BREAK '), negative: alternations(4).join(' BREAK ') };
    let encoded = 0;
    const counting: Networks = {
      ...networks,
      encodeChunk: async (...args) => {
        encoded += 1;
        return networks.encodeChunk(...args);
      },
    };
    const { positive: parts, negative } = await encodePrompts(counting, spec, async () => undefined);
    const positive = parts.flatMap(({ conditioning }) => conditioning);
    // A chunk holds one word, and there are seven words in all.
    expect(encoded).toBe(7);
    expect(positive).toHaveLength(20);
    expect(positive.every(({ context }) => context.chunks.length === 29)).toBe(true);
    expect(new Set([...positive, ...negative].flatMap(({ context }) => context.chunks)).size).toBe(7);
    expect(await measureText(spec, networks.tokens)).toEqual({ encodings: 7, attended: [29, 4], longest: 29 });
  });

  it('are encoded in time and memory that their bounds allow, at worst', async () => {
    const spec = {
      ...SPEC,
      steps: 60,
      prompt: alternations(29).join(' BREAK '),
      negative: alternations(29).join(' BREAK '),
    };
    const before = process.memoryUsage().arrayBuffers;
    const { positive: parts, negative } = await encodePrompts(networks, spec, async () => undefined);
    const positive = parts.flatMap(({ conditioning }) => conditioning);
    const floats = new Set(
      [...positive, ...negative].flatMap(({ context }) => context.chunks).map(({ buffer }) => buffer),
    );
    expect([...floats].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(2e6);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });

  it('are tokenized as the very texts that blocked words are sought in', async () => {
    const piece = fc.constantFrom(
      ...['(', ')', '[', ']', ':', '|', '\\', '<lora:x:1>', '1', '0.5', ' ', 'BREAK', 'go', 're'],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const spec = { ...SPEC, guidance: 1, steps: 6, prompt: pieces.join('') };
        const given: string[] = [];
        const tokens = {
          ...networks.tokens,
          encode: (text: string) => {
            given.push(text);
            return networks.tokens.encode(text);
          },
        };
        await chunkPrompts(readPrompts(spec), tokens);
        const sought = promptTexts(spec);
        for (const text of given)
          expect(
            sought.some((one) => one.includes(text)),
            text,
          ).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  it('are estimated without a tokenizer, about as they are, and whatever they hold', async () => {
    for (const prompt of [
      'a fox',
      'a red circle on a blue background, '.repeat(40),
      alternations(29).join(' BREAK '),
    ]) {
      const [estimated, measured] = [
        estimateText({ ...SPEC, prompt }),
        await measureText({ ...SPEC, prompt }, networks.tokens),
      ];
      expect(estimated.encodings / measured.encodings).toBeLessThan(2.1);
      expect(estimated.encodings / measured.encodings).toBeGreaterThan(0.5);
      expect(estimated.longest / measured.longest).toBeLessThan(2.1);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (prompt) => {
        const { encodings, longest, attended } = estimateText({ ...SPEC, prompt, negative: prompt });
        for (const value of [encodings, longest, ...attended]) expect(value).toBeGreaterThanOrEqual(1);
      }),
    );
    const began = performance.now();
    expect(estimateText({ ...SPEC, steps: 150, prompt: '[a|b|c] '.repeat(300) }).longest).toBeGreaterThan(1);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('before a request waits in line', () => {
  let root: string;
  let admission: Admission;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'easel-text-'));
    await symlink(tinyModel('tiny-conv'), join(root, 'tiny-conv'));
    await mkdir(join(root, 'embeddings'));
    const { hidden_size: hidden } = (await readModelFolder(tinyModel('tiny-conv'))).textEncoders[0].config;
    const vectors = { dtype: 'F32', shape: [60, hidden], bytes: new Uint8Array(4 * 60 * hidden) } as const;
    await writeFile(join(root, 'embeddings', 'long.safetensors'), encodeSafetensors(new Map([['<gore>', vectors]])));
    admission = new Admission({ modelSources: [root] });
  });
  afterAll(() => rm(root, { recursive: true }));

  it.each([
    [
      'too many chunks',
      'a BREAK '.repeat(41),
      'The prompt makes 41 chunks of 75 tokens, but the limit is 32; shorten it, or use BREAK less often.',
    ],
    [
      'too many forms',
      alternations(8).join(' '),
      'The prompt has 150 different variants over its steps, but the limit is 64; use fewer alternations such as [a|b], with fewer words.',
    ],
    [
      'too many different chunks',
      Array.from({ length: 31 }, (_, i) => `${i} [a|b|c|d|e|f|g]`).join(' BREAK '),
      'The prompts make more than 128 different chunks over their steps, of 75 tokens; use fewer alternations such as [a|b], or BREAK less often.',
    ],
    [
      'too many vectors of learned words',
      'long '.repeat(41),
      expect.stringMatching(/^The prompt makes \d\d chunks of 75 tokens, but the limit is 32/),
    ],
  ])('a prompt beyond the bounds is refused: %s', async (_, prompt, sentence) => {
    const task = { kind: 'generate', spec: { ...SPEC, steps: 150, prompt } } as const;
    await expect(admission.admit(task, RULES)).rejects.toMatchObject({ code: 'bad_request', message: sentence });
    const negative = { ...task, spec: { ...task.spec, prompt: 'a fox', negative: prompt } };
    await expect(admission.admit(negative, RULES)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(
      admission.admit({ ...negative, spec: { ...negative.spec, guidance: 1 } }, RULES),
    ).resolves.toBeUndefined();
  });

  it('the memory of its prompts is planned, and refused where there is not enough', async () => {
    const planned = async (prompt: string, limit?: number) => {
      const task = { kind: 'generate', spec: { ...SPEC, prompt } } as const;
      return admission.plan(task, [], { ...RULES, limit });
    };
    const short = (await planned('a fox')).peak;
    const long = (await planned('a BREAK '.repeat(32))).peak;
    expect(long).toBeGreaterThan(short);
    await expect(planned('a BREAK '.repeat(32), short)).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(/a shorter prompt, or one with fewer alternations, fits\.$/),
    });
    await expect(planned('a fox', short)).resolves.toMatchObject({ peak: short });
  });
});
