import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, type InitPicture, type SamplerName } from '../../../engine/index.ts';
import { PLAIN_METHODS, SPACED_METHODS } from '../../../engine/sampler-names.ts';
import { golden, goldenTensors, TINY_MODELS, tinyModel } from '../goldens.ts';

interface InitCase {
  readonly name: string;
  readonly model: string;
  readonly sampler: SamplerName;
  readonly strength: number;
  readonly masked: boolean;
  readonly prompt: string;
  readonly negative: string;
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly rgb: string;
}

/** Of 255, in every pixel. */
const TOLERANCE = 2;

describe("a picture that begins from a picture is diffusers'", () => {
  const engine = createEngine({ modelSources: TINY_MODELS.map(tinyModel), threads: 1 });
  afterAll(() => engine.close());
  const { cases } = golden<{ cases: InitCase[] }>('init');

  test.each(cases.map((entry) => [entry.name, entry] as const))('%s', async (_name, entry) => {
    const tensor = await goldenTensors('init');
    const size = `${entry.width}x${entry.height}`;
    const init: InitPicture = {
      ...{ width: entry.width, height: entry.height, rgb: tensor(`image/${size}`).bytes },
      ...(entry.masked && { mask: tensor(`mask/${size}`).bytes }),
    };
    const { pictures } = await engine.run({ kind: 'generate', spec: specOf(entry) }, { init });
    const actual = Buffer.concat(pictures.map((picture) => picture.rgb));
    const expected = tensor(entry.rgb).bytes;
    expect(actual).toHaveLength(expected.length);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });

  test.each([...PLAIN_METHODS, ...SPACED_METHODS])(
    'of strength 0 is the picture as the VAE gives it back, by %s',
    async (sampler) => {
      const [entry] = cases;
      if (entry === undefined) throw new Error('there are cases');
      const init = { width: 64, height: 64, rgb: (await goldenTensors('init'))('image/64x64').bytes };
      const drawn = async (change: Partial<InitCase>) => {
        const spec = specOf({ ...entry, strength: 0, ...change });
        const { pictures, timings, notes } = await engine.run({ kind: 'generate', spec }, { init });
        expect(timings.stepMs).toEqual([]);
        return { rgb: pictures[0]?.rgb ?? new Uint8Array(), notes };
      };
      const { rgb, notes } = await drawn({ sampler });
      expect(notes).toEqual([]);
      expect(rgb).toEqual((await drawn({ sampler: 'ddim' })).rgb);
      const little = await drawn({ sampler, strength: 0.1, steps: 6 });
      expect(little.rgb).toEqual(rgb);
      expect(little.notes).toEqual([
        'A strength of 0.1 is less than one of 6 steps, so the picture did not change; use a higher strength.',
      ]);
    },
  );

  test.each([...PLAIN_METHODS, ...SPACED_METHODS])(
    'keeps what the mask leaves out to the number, by %s',
    async (sampler) => {
      const [entry] = cases;
      if (entry === undefined) throw new Error('there are cases');
      const tensor = await goldenTensors('init');
      const init = { width: 64, height: 64, rgb: tensor('image/64x64').bytes, mask: tensor('mask/64x64').bytes };
      const latentsOf = async (change: Partial<InitCase>) => {
        const spec = specOf({ ...entry, masked: true, ...change });
        const { pictures } = await engine.run({ kind: 'generate', spec }, { init });
        return pictures[0]?.latents.data ?? new Float32Array();
      };
      const picture = await latentsOf({ sampler: 'ddim', strength: 0 });
      const drawn = await latentsOf({ sampler, strength: 0.6 });
      const side = 8;
      const isKept = (i: number) => {
        const [y, x] = [Math.floor((i % side ** 2) / side), i % side];
        return (init.mask[y * side * 64 + x * side] ?? 0) < 128;
      };
      const kept = [...picture.keys()].filter(isKept);
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.length).toBeLessThan(picture.length);
      for (const i of kept) expect(drawn[i]).toBe(picture[i]);
      expect([...picture.keys()].filter((i) => !isKept(i)).every((i) => drawn[i] !== picture[i])).toBe(true);
    },
  );

  test('is refused without its pixels, or with those of another size', async () => {
    const [entry] = cases;
    if (entry === undefined) throw new Error('there are cases');
    const task = { kind: 'generate', spec: specOf(entry) } as const;
    await expect(engine.run(task)).rejects.toThrow('The init image did not come with the request');
    const small = { width: 8, height: 8, rgb: new Uint8Array(8 * 8 * 3) };
    await expect(engine.run(task, { init: small })).rejects.toThrow('must be 64×64');
    const lying = { width: 64, height: 64, rgb: new Uint8Array(12) };
    await expect(engine.run(task, { init: lying })).rejects.toThrow('must be 64×64');
  });
});

function specOf(entry: InitCase): GenerationSpec {
  const { prompt, negative, width, height, steps, guidance, sampler, model, seed, count, strength, masked } = entry;
  const init = { image: 'golden', strength, ...(masked && { mask: 'golden' }) };
  return { prompt, negative, width, height, steps, guidance, sampler, model, seed, count, variations: [], init };
}
