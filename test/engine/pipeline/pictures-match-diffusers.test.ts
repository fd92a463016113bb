import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, SAMPLER_NAMES, type SamplerName } from '../../../engine/index.ts';
import { golden, goldenTensors, relativeError, TINY_MODELS, tinyModel } from '../goldens.ts';

type PictureCase = Omit<GenerationSpec, 'negative' | 'variations'> & {
  readonly name: string;
  readonly negative: string | null;
  readonly subseed: number | null;
  readonly strength: number;
  /** Of guidance. */
  readonly rescale: number;
  /** Over the model's own scheduler_config.json. */
  readonly scheduler: Readonly<Record<string, unknown>>;
  readonly rgb: string;
  readonly latents: string;
};

/** Of 255, in every pixel. */
const TOLERANCE = 2;
/** Of the greatest magnitude. */
const latentsTolerance = (sampler: SamplerName) => (sampler.startsWith('dpmpp_sde') ? 1e-2 : 1e-3);

describe("a seed gives diffusers' picture", () => {
  const { cases } = golden<{ cases: PictureCase[] }>('pictures');
  const folder = mkdtempSync(join(tmpdir(), 'easel-pictures-'));
  const variants = new Map(
    cases.flatMap(({ model, scheduler }, i) => {
      if (Object.keys(scheduler).length === 0) return [];
      return [[variantOf(model, scheduler), reconfigured(model, scheduler, join(folder, `${model}-${i}`))] as const];
    }),
  );
  const engine = createEngine({ modelSources: [...TINY_MODELS.map(tinyModel), ...variants.values()], threads: 1 });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  test.each(cases.map((entry) => [entry.name, entry] as const))('%s', async (_name, entry) => {
    const tensor = await goldenTensors('pictures');
    const { negative, subseed, strength, rescale, rgb, latents } = entry;
    const variations = subseed === null ? [] : [{ seed: subseed, strength }];
    const model = variants.get(variantOf(entry.model, entry.scheduler))?.slice(folder.length + 1) ?? entry.model;
    const own = { model, negative: negative ?? '', variations, guidanceRescale: rescale, syntax: 'plain' as const };
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...pick(entry), ...own } });
    expect(pictures).toHaveLength(entry.count);
    const found = pictures.flatMap((picture) => [...picture.latents.data]);
    expect(relativeError(found, tensor(latents).floats)).toBeLessThan(latentsTolerance(entry.sampler));
    const actual = Buffer.concat(pictures.map((picture) => picture.rgb));
    const expected = tensor(rgb).bytes;
    expect(actual).toHaveLength(expected.length);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });

  test('by every sampler there is', () => {
    const found = new Set(cases.map(({ sampler }) => sampler));
    expect(SAMPLER_NAMES.filter((name) => !found.has(name))).toEqual([]);
  });
});

function pick({ prompt, width, height, steps, guidance, sampler, seed, count }: PictureCase) {
  return { prompt, width, height, steps, guidance, sampler, seed, count };
}

function variantOf(model: string, scheduler: object): string {
  return model + JSON.stringify(scheduler);
}

/** A copy of a tiny model whose scheduler is another. */
function reconfigured(model: string, scheduler: object, folder: string): string {
  cpSync(tinyModel(model), folder, { recursive: true });
  const file = join(folder, 'scheduler', 'scheduler_config.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...scheduler }));
  return folder;
}
