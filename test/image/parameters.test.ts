import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PictureRecipe, parseSeed, SAMPLER_NAMES } from '../../engine/index.ts';
import { formatParameters } from '../../src/core/parameters.ts';
import { parseParameters } from '../../src/core/parse-parameters.ts';
import { specWith } from '../doubles/samples.ts';

const fox = specWith({
  prompt: 'a fox',
  steps: 20,
  sampler: 'dpmpp_2m_karras',
  guidance: 7.5,
  seed: 0,
  width: 512,
  height: 384,
});
const generate = (changes = {}): PictureRecipe => ({ kind: 'generate', spec: { ...fox, ...changes } });

const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => parseSeed(`${bits}`) ?? 0);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const side = fc.integer({ min: 8, max: 256 }).map((eighths) => eighths * 8);
const prose = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
        'a fox',
        '\n',
        'Negative prompt: ',
        'Steps: 20, Seed: 1, Size: 8x8',
        '"',
        '\\',
        ', ',
        ': ',
        ' ',
        '\r',
      ),
    )
    .map((parts) => parts.join('')),
);
const required = fc.record({
  prompt: prose,
  negative: prose,
  width: side,
  height: side,
  steps: fc.integer({ min: 1, max: 150 }),
  guidance: fc.double({ min: 0, max: 30, noNaN: true }).map((value) => value + 0),
  sampler: fc.constantFrom(...SAMPLER_NAMES),
  model: prose,
  seed,
  count: fc.constant(1),
  variations: fc.array(fc.record({ seed, strength: share }), { maxLength: 3 }),
});
const name = fc.string({ unit: fc.constantFrom('0', '9', 'a', 'f'), minLength: 32, maxLength: 32 });
const init = fc.record({ image: name, strength: share, mask: name }, { requiredKeys: ['image', 'strength'] });
const upscale = fc.record(
  { factor: fc.constantFrom(1.5, 2), strength: share, mode: fc.constantFrom('nearest', 'bicubic', 'lanczos') },
  { requiredKeys: ['factor', 'strength'] },
);
const rarer = fc.record(
  {
    ...{ clipSkip: fc.integer({ min: 1, max: 12 }), noiseDevice: fc.constant('cuda' as const), init },
    ...{ seedSize: fc.record({ width: side, height: side }), syntax: fc.constantFrom('a1111', 'plain') },
    guidanceRescale: fc.double({ min: 0.01, max: 1, noNaN: true }),
    decoder: fc.constantFrom('full' as const, 'taesd' as const),
    speed: fc.constantFrom('exact' as const, 'balanced' as const, 'fast' as const),
    hires: upscale,
  },
  { requiredKeys: [] },
);
const spec = fc.tuple(required, rarer).map(([most, few]) => ({ ...most, ...few }));
const recipe = fc.tuple(spec, fc.array(upscale, { maxLength: 3 })).map(([root, upscales]) =>
  upscales.reduce<PictureRecipe>((source, by) => ({ kind: 'upscale', source, ...by }), {
    kind: 'generate',
    spec: root,
  }),
);

describe('the parameters text', () => {
  it('is AUTOMATIC1111’s', () => {
    expect(formatParameters(generate(), 'Sketch')).toBe(
      'a fox\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 0, Size: 512x384, Model: Sketch, RNG: CPU',
    );
    expect(formatParameters(generate({ negative: 'cats, dogs' }), 'Sketch, small')).toBe(
      'a fox\nNegative prompt: cats, dogs\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 0, Size: 512x384, Model: "Sketch, small", RNG: CPU',
    );
  });

  it('says in which precision the picture was drawn where that is int8, and reads without a complaint', () => {
    const text = formatParameters(generate(), 'Sketch', 'int8');
    expect(text).toContain(', Model: Sketch, Precision: int8, ');
    expect(parseParameters(text)?.notes).toEqual([]);
    expect(parseParameters(text)?.recipe).toEqual(parseParameters(formatParameters(generate(), 'Sketch'))?.recipe);
  });

  it('has A1111’s keys for a variation and an enlargement, and further keys for further ones', () => {
    const varied = generate({ variations: [{ seed: 5, strength: 0.35 }] });
    expect(formatParameters(varied, 'Sketch')).toMatch(/, Variation seed: 5, Variation seed strength: 0.35$/);
    const larger: PictureRecipe = { kind: 'upscale', source: varied, factor: 2, strength: 0.3 };
    expect(formatParameters(larger, 'Sketch')).toMatch(
      /, Denoising strength: 0.3, Hires upscale: 2, Hires upscaler: Latent, Enlarged later: yes$/,
    );
    expect(formatParameters(generate({ hires: { factor: 1.5, strength: 0.6, mode: 'bicubic' } }), 'Sketch')).toMatch(
      /, Denoising strength: 0.6, Hires upscale: 1.5, Hires upscaler: Latent \(bicubic\)$/,
    );
    const twice = generate({
      variations: [
        { seed: 5, strength: 0.35 },
        { seed: 6, strength: 0.2 },
        { seed: 7, strength: 1 },
      ],
    });
    expect(formatParameters(twice, 'Sketch')).toMatch(/, Further variations: "6:0.2, 7:1"$/);
  });

  it('gives back the recipe it was made of', () => {
    fc.assert(
      fc.property(recipe, fc.string(), (made, extra) => {
        const text = formatParameters(made, `Sketch${extra}`);
        const parsed = parseParameters(text);
        expect(parsed?.modelTitle).toBe(`Sketch${extra}`);
        expect(withModel(parsed?.recipe, 'm')).toEqual(withModel(made, 'm'));
        expect(parsed?.notes).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('is read as A1111 writes it', () => {
    const text =
      'masterpiece, (fox:1.2)\nin snow\nNegative prompt: lowres,\nbad anatomy\nSteps: 28, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Clip skip: 2, Lora hashes: "add: 1234, more: 5678", Version: v1.6.0';
    expect(parseParameters(text)?.recipe).toEqual({
      kind: 'generate',
      spec: {
        prompt: 'masterpiece, (fox:1.2)\nin snow',
        negative: 'lowres,\nbad anatomy',
        width: 512,
        height: 768,
        steps: 28,
        guidance: 7,
        sampler: 'euler_a',
        model: 'v1-5-pruned-emaonly',
        seed: 42,
        count: 1,
        variations: [],
        clipSkip: 2,
        noiseDevice: 'cuda',
      },
    });
  });

  it('knows two passes as A1111 writes them', () => {
    const text =
      'a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x512, Model: x, Denoising strength: 0.7, Hires upscale: 2, Hires upscaler: Latent (nearest), Version: v1.10.1';
    expect(parseParameters(text)?.recipe).toMatchObject({
      kind: 'generate',
      spec: { width: 512, hires: { factor: 2, strength: 0.7, mode: 'nearest' } },
    });
  });

  it('says nothing of what cannot be made again', () => {
    expect(parseParameters('')).toBeUndefined();
    expect(parseParameters('a fox')).toBeUndefined();
    expect(parseParameters('a fox\nSampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512')).toBeUndefined();
    expect(parseParameters('a fox\nSteps: 20, Seed: 1')).toBeUndefined();
  });

  it('is read in linear time whatever it holds', () => {
    const start = performance.now();
    const parts = ['aa', 'aa:"', 'aa: ', 'aa\n', '\\"', 'Negative prompt:\n', 'Steps: ', 'Steps: 1\n'];
    for (const part of parts) parseParameters(part.repeat(200_000));
    for (const part of ['aa:[', 'aa:["', 'aa:{"a":[]},', 'aa:[[', '<lora:', 'RNG: x, ']) {
      parseParameters(`a fox\nSteps: 1, Seed: 1, ${part.repeat(65_000 / part.length)}`);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

function withModel(made: PictureRecipe | undefined, model: string): PictureRecipe | undefined {
  if (made === undefined) return undefined;
  if (made.kind === 'generate') return { ...made, spec: { ...made.spec, model } };
  return { ...made, source: withModel(made.source, model) ?? made.source };
}
