import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, type InitPicture } from '../../../engine/index.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { chunksOf } from '../../../engine/prompt/conditioning.ts';
import { emphasisOf } from '../../../engine/prompt/read-prompts.ts';
import { type GoldenTensor, golden, goldenTensors, relativeError } from '../goldens.ts';

interface TextCase {
  readonly kind: 'text';
  readonly model: string;
  readonly prompt: string;
  readonly name: string;
}
interface UnetCase {
  readonly kind: 'unet';
  readonly model: string;
  readonly timesteps: readonly number[];
  readonly name: string;
}
type PictureCase = Pick<
  GenerationSpec,
  'prompt' | 'width' | 'height' | 'steps' | 'guidance' | 'sampler' | 'seed' | 'count' | 'model'
> & {
  readonly kind: 'picture';
  readonly name: string;
  readonly negative: string | null;
  readonly rescale: number;
  /** diffusers' number. */
  readonly clip_skip: number | null;
  readonly strength: number | null;
  readonly masked: boolean;
  readonly rgb: string;
};

const FAMILIES = ['tiny-xl', 'tiny-xl-v', 'tiny-v2'] as const;
const { cases } = golden<{ cases: (TextCase | UnetCase | PictureCase)[] }>('families');
/** Of 255, in every pixel. */
const TOLERANCE = 2;

describe.each(FAMILIES)('the networks of %s agree with diffusers', (name) => {
  let networks: Networks;
  beforeAll(async () => {
    networks = await openNetworks(await readModelFolder(familyModel(name)), { provider: 'cpu', threads: 1 });
  });
  afterAll(() => networks.close());

  test('in what the text encoders say, and in the pooled text', async () => {
    const tensor = await goldenTensors('families');
    const own = cases.filter((entry) => entry.kind === 'text' && entry.model === name) as TextCase[];
    expect(own.length).toBeGreaterThan(3);
    for (const { prompt, name: key } of own) {
      const [chunk] = chunksOf(emphasisOf(prompt, 'plain'), 'plain', networks.tokens);
      if (chunk === undefined) throw new Error('a prompt has a chunk');
      const { states, pooled } = await networks.encodeChunk(chunk, 1);
      expect(relativeError(states, tensor(`${key}/context`).floats)).toBeLessThan(1e-4);
      if (name === 'tiny-v2') expect(pooled).toBeUndefined();
      else expect(relativeError(pooled ?? [], tensor(`${key}/pooled`).floats)).toBeLessThan(1e-4);
    }
  });

  test('in the UNet, whose rows have sizes and timesteps of their own', async () => {
    const tensor = await goldenTensors('families');
    const own = cases.filter((entry) => entry.kind === 'unet' && entry.model === name) as UnetCase[];
    expect(own.length).toBeGreaterThan(2);
    for (const { timesteps, name: key } of own) {
      const sample = tensor(`${key}/latents`);
      const addition = name === 'tiny-v2' ? undefined : additionOf(tensor, key);
      const prediction = await networks.predict({
        batch: 2,
        sample: sample.floats,
        shape: planes(sample),
        timesteps: Float32Array.from(timesteps),
        context: tensor(`${key}/context`).floats,
        addition,
      });
      expect(relativeError(prediction, tensor(`${key}/output`).floats)).toBeLessThan(1e-4);
    }
  });
});

describe("a seed gives diffusers' picture", () => {
  const engine = createEngine({ modelSources: FAMILIES.map(familyModel), threads: 1 });
  afterAll(() => engine.close());
  const pictures = cases.filter((entry) => entry.kind === 'picture') as PictureCase[];

  test.each(pictures.map((entry) => [entry.name, entry] as const))('%s', async (_name, entry) => {
    const tensor = await goldenTensors('families');
    const init = entry.strength === null ? undefined : initOf(entry, tensor);
    const spec: GenerationSpec = {
      ...pick(entry),
      negative: entry.negative ?? '',
      variations: [],
      guidanceRescale: entry.rescale,
      syntax: 'plain',
      // The layer that the family was trained with counts as 2.
      ...(entry.clip_skip !== null && { clipSkip: entry.clip_skip + 2 }),
      ...(entry.strength !== null && {
        init: { image: 'picture', strength: entry.strength, ...(entry.masked && { mask: 'mask' }) },
      }),
    };
    const drawn = await engine.run({ kind: 'generate', spec }, init === undefined ? {} : { init });
    const actual = Buffer.concat(drawn.pictures.map((picture) => picture.rgb));
    const expected = tensor(entry.rgb).bytes;
    expect(actual).toHaveLength(expected.length);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });
});

function familyModel(name: string): string {
  return join(fileURLToPath(new URL('../../fixtures/families/', import.meta.url)), name);
}

function additionOf(tensor: (key: string) => GoldenTensor, key: string) {
  return { pooled: tensor(`${key}/pooled`).floats, sizeIds: tensor(`${key}/ids`).floats };
}

function initOf({ width, height, masked }: PictureCase, tensor: (key: string) => GoldenTensor): InitPicture {
  const size = `${width}x${height}`;
  const rgb = tensor(`image/${size}`).bytes;
  return { width, height, rgb, ...(masked && { mask: tensor(`mask/${size}`).bytes }) };
}

function planes({ shape }: GoldenTensor): [number, number, number] {
  const [, channels = 0, height = 0, width = 0] = shape;
  return [channels, height, width];
}

function pick({ prompt, width, height, steps, guidance, sampler, seed, count, model }: PictureCase) {
  return { prompt, width, height, steps, guidance, sampler, seed, count, model };
}
