import { describe, expect, test } from 'vitest';
import { startingNoise } from '../../../engine/pipeline/starting-noise.ts';
import { BrownianTree } from '../../../engine/rng/brownian-tree.ts';
import { PhiloxGenerator } from '../../../engine/rng/philox.ts';
import { seedSequence } from '../../../engine/rng/seed-sequence.ts';
import { slerp } from '../../../engine/rng/slerp.ts';
import { TorchGenerator } from '../../../engine/rng/torch-generator.ts';
import { golden, relativeError } from '../goldens.ts';

interface NoiseCase {
  readonly seed: number;
  readonly draws: readonly {
    readonly n: number;
    readonly first: readonly number[];
    readonly last: readonly number[];
    readonly sum: number;
  }[];
}
interface VariationCase {
  readonly seed: number;
  readonly subseed: number;
  readonly strength: number;
  readonly noise: unknown;
}

describe("noise is torch's, value for value", () => {
  test('for many seeds, sizes and draws in a row', () => {
    const { cases } = golden<{ cases: NoiseCase[] }>('noise');
    expect(cases.length).toBeGreaterThan(10);
    for (const { seed, draws } of cases) {
      const generator = new TorchGenerator(seed);
      for (const { n, first, last, sum } of draws) {
        const values = generator.randn(n);
        const label = `seed ${seed}, ${n} values`;
        expect(relativeError(values.slice(0, first.length), first), label).toBeLessThan(1e-6);
        expect(relativeError(values.slice(-last.length), last), label).toBeLessThan(1e-6);
        expect(Math.abs(values.reduce((a, b) => a + b, 0) - sum), label).toBeLessThan(0.01);
      }
    }
  });

  test('seed 0 is a seed like any other', () => {
    expect([...new TorchGenerator(0).randn(16384).slice(0, 3)].map((value) => value.toFixed(4))).toEqual([
      '-1.1258',
      '-1.1524',
      '-0.2506',
    ]);
  });
});

interface SeedCase {
  readonly device: 'cpu' | 'cuda';
  readonly seed: number;
  readonly subseed: number | null;
  readonly strength: number;
  readonly width: number;
  readonly height: number;
  readonly noise: readonly number[];
  readonly fresh: readonly number[];
}

describe("a seed is AUTOMATIC1111's", () => {
  const { shape, factor, philoxLast, cases } = golden<{
    shape: [number, number, number];
    factor: number;
    philoxLast: number[];
    cases: SeedCase[];
  }>('seeds');

  test.each(cases)('on $device, seed $seed, varied with $subseed, from $width×$height', (entry) => {
    const { device, seed, subseed, strength, width, height } = entry;
    const variations = subseed === null ? [] : [{ seed: subseed, strength }];
    const resized = width === 0 ? {} : { seedSize: { width, height } };
    const { noise, fresh } = startingNoise({ seed, variations, noiseDevice: device, ...resized }, shape, {
      factor,
      isInpainting: false,
    });
    expect(relativeError(noise, entry.noise)).toBeLessThan(2e-6);
    expect(relativeError(fresh.draw().slice(0, entry.fresh.length), entry.fresh)).toBeLessThan(2e-6);
  });

  test("and CUDA's generator draws any number of values", () => {
    expect(relativeError(new PhiloxGenerator(1234567890).randn(70000).slice(-4), philoxLast)).toBeLessThan(1e-6);
  });
});

interface PathCase {
  readonly kind: 'path';
  readonly seed: number;
  readonly start: number;
  readonly end: number;
  readonly queries: readonly { readonly from: number; readonly to: number; readonly increment: readonly number[] }[];
}
interface SequenceCase {
  readonly kind: 'sequence';
  readonly seed: number;
  readonly spawnKey: readonly number[];
  readonly poolSize: number;
  readonly words: readonly number[];
}

describe("a Brownian path is torchsde's", () => {
  const { cases, size } = golden<{ cases: (PathCase | SequenceCase)[]; size: number }>('brownian');
  const paths = cases.filter((entry) => entry.kind === 'path');
  const sequences = cases.filter((entry) => entry.kind === 'sequence');

  test.each(paths)(
    'of seed $seed from $start to $end, in whatever order it is asked',
    ({ seed, start, end, queries }) => {
      const grow = () => new BrownianTree(start, end, seed, (own) => new TorchGenerator(own).randn(size));
      const tree = grow();
      const check = (path: BrownianTree, { from, to, increment }: PathCase['queries'][number]) => {
        const found = [...path.increment(from, to).slice(0, increment.length)];
        if (increment.every((value) => value === 0)) expect(found).toEqual(increment);
        else expect(relativeError(found, increment), `${from} to ${to}`).toBeLessThan(2e-6);
      };
      for (const query of queries) check(tree, query);
      for (const query of [...queries].reverse()) check(tree, query);
      for (const query of queries) check(grow(), query);
    },
  );

  test("and its seeds are NumPy's", () => {
    expect(sequences.length).toBeGreaterThan(50);
    for (const { seed, spawnKey, poolSize, words } of sequences) {
      expect(seedSequence({ entropy: seed, spawnKey, poolSize }, words.length)).toEqual(words);
    }
  });
});

describe('a variation', () => {
  test("is AUTOMATIC1111's spherical interpolation", () => {
    const { cases, shape } = golden<{ cases: VariationCase[]; shape: [number, number, number] }>('variation');
    const size = shape[0] * shape[1] * shape[2];
    for (const { seed, subseed, strength, noise } of cases) {
      const mixed = slerp(
        strength,
        new TorchGenerator(seed).randn(size),
        new TorchGenerator(subseed).randn(size),
        shape,
      );
      expect(relativeError(mixed, flatten(noise)), `${seed} ${subseed} ${strength}`).toBeLessThan(2e-6);
    }
  });

  test('of strength 0 is the noise itself', () => {
    const noise = new TorchGenerator(5).randn(256);
    expect(relativeError(slerp(0, noise, new TorchGenerator(6).randn(256), [4, 8, 8]), noise)).toBeLessThan(1e-6);
  });
});

function flatten(nested: unknown): number[] {
  return Array.isArray(nested) ? nested.flatMap(flatten) : [nested as number];
}
