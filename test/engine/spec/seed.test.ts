import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSeed, MAX_SEED, parseSeed, type Seed, seedAfter, singleRecipe, specOf } from '../../../engine/index.ts';
import { startingNoise } from '../../../engine/pipeline/starting-noise.ts';
import { PhiloxGenerator } from '../../../engine/rng/philox.ts';
import { seedSequence } from '../../../engine/rng/seed-sequence.ts';
import { specWith } from '../../doubles/samples.ts';
import { relativeError } from '../goldens.ts';

const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/**
 * By AUTOMATIC1111's modules/rng_philox.py (the first four normals of the first two draws), torch 2.13.0
 * (`torch.Generator("cpu").manual_seed(seed)`, the first of 16) and numpy 2.4.6 (SeedSequence with a pool of 24).
 */
const REFERENCE = [
  {
    seed: 804_822_466_654_819,
    philox: [-0.06564383208751678, -0.6973057985305786, -0.543680727481842, 1.967349886894226],
    second: [1.7140125036239624, -0.6641403436660767, 1.1839624643325806, 1.157752513885498],
    cpu: [1.058297038078308, -0.20385801792144775, -1.5441241264343262, -1.9127923250198364],
    words: [1_939_262_367, 3_530_833_002],
    spawned: [3_839_653_819],
  },
  {
    seed: '18446744073709551615',
    philox: [0.6323022842407227, 0.03350096940994263, 0.8390876650810242, -2.0634682178497314],
    second: [2.055551767349243, -1.993733286857605, -1.5544731616973877, -2.4153037071228027],
    cpu: [-2.664297580718994, -1.0910485982894897, 0.45144742727279663, 0.22836069762706757],
    words: [1_186_816_001, 310_380_770],
    spawned: [1_040_341_954],
  },
] as const satisfies readonly { seed: Seed; [facts: string]: unknown }[];

describe('a seed of 64 bits', () => {
  test.each(REFERENCE)("$seed draws AUTOMATIC1111's, torch's and numpy's numbers", (entry) => {
    const generator = new PhiloxGenerator(BigInt(entry.seed));
    expect(relativeError(generator.randn(4), entry.philox)).toBeLessThan(2e-6);
    expect(relativeError(generator.randn(4), entry.second)).toBeLessThan(2e-6);
    const start = (noiseDevice: 'cpu' | 'cuda') =>
      startingNoise({ seed: entry.seed, variations: [], noiseDevice }, [1, 4, 4], { factor: 8, isInpainting: false })
        .noise;
    expect(relativeError(start('cpu').slice(0, 4), entry.cpu)).toBeLessThan(2e-6);
    expect(relativeError(start('cuda').slice(0, 4), entry.philox)).toBeLessThan(2e-6);
    const entropy = BigInt(entry.seed);
    expect(seedSequence({ entropy, poolSize: 24 }, 2)).toEqual(entry.words);
    expect(seedSequence({ entropy, spawnKey: [3, 2], poolSize: 24 }, 1)).toEqual(entry.spawned);
  });

  test('has one writing: a number as far as it is exact, else digits', () => {
    expect(parseSeed('42')).toBe(42);
    expect(parseSeed('9007199254740991')).toBe(9_007_199_254_740_991);
    expect(parseSeed('9007199254740992')).toBe('9007199254740992');
    expect(parseSeed(`000${MAX_SEED}`.slice(3))).toBe(MAX_SEED);
    for (const none of [-1, 1.5, 2 ** 60, Number.NaN, '', '-1', '1e3', '18446744073709551616', ' 5', null, 5n]) {
      expect(parseSeed(none), String(none)).toBeUndefined();
    }
    expect(isSeed('42')).toBe(false);
    expect(isSeed('9007199254740992')).toBe(true);
  });

  test('is the same after JSON, and counts on without rounding, from the last to 0', () => {
    fc.assert(
      fc.property(bits, fc.nat(1000), (value, distance) => {
        const seed = parseSeed(`${value}`) ?? 'none';
        expect(JSON.parse(JSON.stringify(seed))).toBe(seed);
        expect(BigInt(seed)).toBe(value);
        expect(BigInt(seedAfter(seed, distance))).toBe((value + BigInt(distance)) % 2n ** 64n);
      }),
    );
    expect(seedAfter(MAX_SEED, 1)).toBe(0);
    expect(seedAfter(9_007_199_254_740_991, 1)).toBe('9007199254740992');
  });

  test('of a grid goes on from picture to picture, and so does that of its last variation', () => {
    const spec = specWith({ seed: '18446744073709551614', count: 4 });
    expect([0, 1, 2, 3].map((index) => specOf(singleRecipe(spec, index)).seed)).toEqual([
      ...['18446744073709551614', '18446744073709551615'],
      ...[0, 1],
    ]);
    const varied = specWith({ seed: 5, count: 2, variations: [{ seed: '9007199254740992', strength: 0.5 }] });
    expect(specOf(singleRecipe(varied, 1))).toMatchObject({
      seed: 5,
      variations: [{ seed: '9007199254740993', strength: 0.5 }],
    });
  });
});
