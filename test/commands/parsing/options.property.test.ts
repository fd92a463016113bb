import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatImagine } from '../../../commands/imagine/format-prompt.ts';
import { parseImagine } from '../../../commands/imagine/imagine-input.ts';
import { resolveSpec } from '../../../commands/imagine/resolve-spec.ts';
import type { OptionInput } from '../../../commands/parsing/collect-options.ts';
import { type GenerationSpec, parseSeed, SAMPLER_NAMES } from '../../../engine/index.ts';
import { loadStyles } from '../../../src/app/load-styles.ts';
import { BadInputError } from '../../../src/core/errors.ts';
import { runs } from '../../full-run.ts';
import { engine } from '../command-fixture.ts';

const resolve = (given: OptionInput) =>
  resolveSpec(parseImagine(given, { engine }), {
    engine,
    defaults: { count: 4, negative: 'blurry' },
    randomSeed: () => 99,
  });

const side = fc.integer({ min: 8, max: 128 }).map((eighths) => eighths * 8);
const words = fc
  .array(fc.constantFrom('a', 'fox', 'well--known', '"sign"', '—', '-5', 'x=y', 'лиса', "it's"), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(' '));

const seed = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => parseSeed(`${bits}`) ?? 0);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);

const valid = fc.record(
  {
    negative: words.filter((value) => !/^["']/.test(value)),
    width: side,
    height: side,
    seed: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), seed.map(String)),
    steps: fc.integer({ min: 1, max: 150 }),
    guidance: fc.integer({ min: 0, max: 300 }).map((tenths) => tenths / 10),
    sampler: fc.constantFrom(...SAMPLER_NAMES),
    count: fc.integer({ min: 1, max: 4 }),
    model: fc.constantFrom('sketch', 'sd-v1-4'),
  },
  { requiredKeys: [] },
);

/** Requests as jobs and files hold them, within what one job may be. */
const recipe: fc.Arbitrary<GenerationSpec> = fc.record(
  {
    prompt: fc
      .oneof(
        words,
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
        fc.constantFrom('--no snow', '"', 'a\n--x b', '`a`'),
      )
      .map((text) => text.replaceAll(/(?!\n)[\p{Cc}\p{Cs}]/gu, ' ').trim())
      .filter((text) => text !== ''),
    negative: fc.oneof(fc.constant(''), words, fc.constantFrom('"', '\\', '--steps 5', "'a")),
    width: fc.integer({ min: 8, max: 64 }).map((eighths) => eighths * 8),
    height: fc.integer({ min: 8, max: 64 }).map((eighths) => eighths * 8),
    steps: fc.integer({ min: 1, max: 150 }),
    guidance: fc.double({ min: 0, max: 30, noNaN: true }).map((value) => value + 0),
    sampler: fc.constantFrom(...SAMPLER_NAMES),
    model: fc.constantFrom('sketch', 'sd-v1-4'),
    seed,
    count: fc.integer({ min: 1, max: 4 }),
    variations: fc.array(fc.record({ seed, strength: share }), { maxLength: 16 }),
    clipSkip: fc.integer({ min: 1, max: 12 }),
    guidanceRescale: share,
    syntax: fc.constantFrom('a1111' as const, 'plain' as const),
    noiseDevice: fc.constantFrom('cpu' as const, 'cuda' as const),
    decoder: fc.constantFrom('full' as const, 'taesd' as const),
    speed: fc.constantFrom('exact' as const, 'balanced' as const, 'fast' as const),
    seedSize: fc.record({ width: side, height: side }),
    hires: fc.record(
      {
        factor: fc.double({ min: 1.01, max: 2, noNaN: true }),
        strength: share,
        mode: fc.constantFrom('nearest' as const, 'bicubic' as const, 'lanczos' as const),
      },
      { requiredKeys: ['factor', 'strength'] },
    ),
  },
  {
    requiredKeys: [
      ...(['prompt', 'negative', 'width', 'height', 'steps', 'guidance', 'sampler', 'model'] as const),
      ...(['seed', 'count', 'variations'] as const),
    ],
  },
);

/** What people's fingers and phones produce, with flags dense enough to meet. */
const typed = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '--',
        '—',
        '–',
        '=',
        ' ',
        '\n',
        '"',
        "'",
        '“',
        '”',
        '\\',
        '--no',
        '--steps',
        '—seed',
        '--ar',
        '3:2',
        '--size',
        '--hires',
        '2:0.5',
      ),
      fc.constantFrom(
        '--negative',
        '64x64',
        '--prompt',
        '20',
        '-1',
        'NaN',
        'a fox',
        '--cfg=',
        '--width',
        '512',
        '--x',
        '\u0000',
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''));

describe('the options of /imagine', () => {
  it('mean the same typed and as flags in the prompt', () => {
    fc.assert(
      fc.property(words, valid, (prompt, options) => {
        const flags = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
        expect(resolve({ text: [prompt, ...flags].join(' '), options: {} })).toEqual(
          resolve({ text: '', options: { prompt, ...options } }),
        );
      }),
    );
  });

  it('are refused with a sentence or understood, whatever is typed, and what is understood can be written back', () => {
    let understood = 0;
    fc.assert(
      fc.property(typed, (text) => {
        let spec: ReturnType<typeof resolve>;
        try {
          spec = resolve({ text, options: {} });
        } catch (error) {
          expect(error).toBeInstanceOf(BadInputError);
          expect(String((error as BadInputError).userMessage).length).toBeLessThan(250);
          return;
        }
        understood += 1;
        expect(resolve({ text: formatImagine(spec), options: {} })).toEqual(spec);
      }),
      { numRuns: runs(2000) },
    );
    expect(understood).toBeGreaterThan(100);
  });

  it('of any recipe are shown as a command that asks for the same, whatever the settings of who copies it', () => {
    const styles = loadStyles(undefined);
    const copied = (text: string) =>
      resolveSpec(parseImagine({ text, options: {} }, { engine, styles }), {
        ...{ engine, styles, defaults: { count: 4, negative: 'blurry' }, randomSeed: () => 99 },
        user: { size: { width: 256, height: 64 }, count: 3, sampler: 'heun', style: 'watercolour', negative: 'red' },
      });
    fc.assert(
      fc.property(recipe, (spec) => {
        expect(copied(formatImagine(spec))).toEqual(spec);
        expect(copied(formatImagine({ ...spec, model: 'not here' }, false))).toEqual({ ...spec, model: 'sketch' });
      }),
      { numRuns: runs(1000) },
    );
  });

  it('are read in linear time', () => {
    const hostile = [
      '—x '.repeat(200_000),
      '--no "a" '.repeat(2),
      `--no ${'"a '.repeat(100_000)}`,
      '-'.repeat(500_000),
      '--'.repeat(200_000),
    ];
    const start = performance.now();
    for (const text of hostile) expect(() => resolve({ text: `a ${text}`, options: {} })).toThrow(BadInputError);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
