import { describe, expect, it } from 'vitest';
import type { GenerationSpec } from '../../engine/index.ts';
import { costOf, stepsOf } from '../../src/queue/cost.ts';
import { specWith } from '../doubles/tasks.ts';

const generate = (changes: Partial<GenerationSpec>) => costOf({ kind: 'generate', spec: specWith(changes) });

describe('the cost of a task', () => {
  it('grows with steps, pixels and pictures, and doubles with guidance', () => {
    const base = { steps: 10, width: 64, height: 64, count: 1, guidance: 1 };
    const one = generate(base);
    expect(one).toBe(10 * 64 * 64);
    expect(generate({ ...base, steps: 20 })).toBe(2 * one);
    expect(generate({ ...base, width: 128 })).toBe(2 * one);
    expect(generate({ ...base, count: 4 })).toBe(4 * one);
    expect(generate({ ...base, guidance: 7.5 })).toBe(2 * one);
  });

  it('counts both passes of a picture that has two, each at its size', () => {
    const hires = { factor: 2, strength: 0.5 };
    expect(generate({ steps: 10, width: 64, height: 64, count: 2, guidance: 1, hires })).toBe(
      2 * (10 * 64 * 64 + 5 * 128 * 128),
    );
  });

  it('counts an upscale at its larger size and for the steps that are run again', () => {
    const spec = specWith({ steps: 20, width: 64, height: 64, count: 1, guidance: 1 });
    const upscale = { kind: 'upscale', source: { kind: 'generate', spec }, factor: 2, strength: 0.35 } as const;
    expect(stepsOf(upscale)).toBe(7);
    expect(costOf(upscale)).toBe(7 * 128 * 128);
    expect(costOf({ ...upscale, source: upscale })).toBe(7 * 256 * 256);
  });
});
