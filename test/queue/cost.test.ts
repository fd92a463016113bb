import { describe, expect, it } from 'vitest';
import type { GenerationSpec } from '../../engine/index.ts';
import { costOf, modelWorkOf, stepsOf } from '../../src/queue/cost.ts';
import { specWith } from '../doubles/samples.ts';

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

  it('is that of the model: one whose steps are three times the work costs three times as much', () => {
    const model = (id: string, work?: number) => ({
      ...{ id, title: id, family: 'Stable Diffusion 1', width: 64, height: 64, steps: 4, guidance: 1 },
      ...{ sampler: 'ddim' as const, ...(work !== undefined && { work }) },
    });
    const description = {
      ...{ models: [model('small', 0.5), model('large', 1.5), model('unknown')], defaultModel: 'small' },
      ...{ provider: 'cpu', slots: 1, loras: [], embeddings: [], refused: [] },
    };
    const work = modelWorkOf(description);
    const cost = (id: string) => costOf({ kind: 'generate', spec: specWith({ model: id }) }, work);
    expect(cost('large')).toBe(3 * cost('small'));
    // The unit is the default model's, so that limits mean what they meant.
    expect(cost('small')).toBe(generate({ model: 'small' }));
    expect(cost('unknown')).toBe(cost('small'));
    // An upscaler's work is its own, whichever model draws.
    const spec = specWith({ model: 'large', width: 64, height: 64 });
    const plain = {
      kind: 'upscale',
      source: { kind: 'generate', spec },
      factor: 2,
      strength: 0,
      mode: 'lanczos',
    } as const;
    expect(costOf({ ...plain, upscaler: 'sharp' }, work) - costOf(plain, work)).toBe((20 / 0.5) * 64 * 64);
  });

  it('is less for speeds that leave work out', () => {
    const base = { steps: 20, width: 64, height: 64, count: 1, guidance: 7.5 };
    const [exact, balanced, fast] = [
      generate(base),
      ...(['balanced', 'fast'] as const).map((speed) => generate({ ...base, speed })),
    ];
    expect(generate({ ...base, speed: 'exact' })).toBe(exact);
    expect((balanced ?? 0) / exact).toBeCloseTo(0.5, 1);
    expect((fast ?? 0) / exact).toBeCloseTo(0.42, 1);
  });

  it('leaves a prompt of one chunk out of account, and counts each more that is encoded and attended to', () => {
    const base = { steps: 10, width: 64, height: 64, count: 2, guidance: 1 };
    const one = generate({ ...base, prompt: '' });
    expect(generate({ ...base, prompt: 'a red circle on a blue background, '.repeat(7) })).toBe(one);
    const chunk = 1200 + 0.005 * 64 * 64;
    expect(generate({ ...base, prompt: 'a BREAK b BREAK c' })).toBeCloseTo(one + 10 * 2 * 2 * chunk + 2 * 4000);
    // Half of the steps have another first chunk; the second is encoded once.
    expect(generate({ ...base, prompt: '[a:b:0.5] BREAK c' })).toBeCloseTo(one + 10 * 2 * chunk + 2 * 4000);
    expect(generate({ ...base, prompt: 'a', negative: 'a BREAK b' })).toBe(one);
    const guided = { ...base, prompt: 'a', guidance: 7 };
    expect(generate({ ...guided, negative: 'b BREAK c' })).toBeCloseTo(2 * one + 10 * 2 * chunk + 4000);
    expect(generate({ ...base, prompt: 'a BREAK b', syntax: 'plain' })).toBe(one);
  });

  it('of a hostile prompt is not that of a short one', () => {
    const alternations = Array.from(
      { length: 29 },
      (_, i) =>
        `[${'abcdefghijklm'
          .slice(0, 2 + (i % 7))
          .split('')
          .join('|')}]`,
    );
    const prompt = alternations.join(' BREAK ');
    const base = { steps: 60, width: 128, height: 128, count: 1, guidance: 4 };
    expect(generate({ ...base, prompt, negative: prompt }) / generate(base)).toBeGreaterThan(3);
    expect(generate({ ...base, prompt, negative: prompt })).toBeLessThan(generate({ ...base, prompt }) * 2);
  });
});
