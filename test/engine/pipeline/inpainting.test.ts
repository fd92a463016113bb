import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec, type InitPicture } from '../../../engine/index.ts';
import { type GoldenTensor, golden, goldenTensors } from '../goldens.ts';
import { familyModel } from '../model/family-checkpoint.ts';

type InpaintingCase = Pick<
  GenerationSpec,
  'prompt' | 'negative' | 'width' | 'height' | 'steps' | 'guidance' | 'sampler' | 'seed' | 'count' | 'model'
> & {
  readonly name: string;
  readonly strength: number;
  readonly masked: boolean;
  readonly rgb: string;
};

const MODELS = ['tiny-inpaint', 'tiny-xl-inpaint'];
/** Of 255, in every pixel. */
const TOLERANCE = 2;

describe('a model that was made for inpainting', () => {
  const { cases } = golden<{ cases: InpaintingCase[] }>('inpainting');
  const engine = createEngine({ modelSources: MODELS.map(familyModel), threads: 1 });
  afterAll(() => engine.close());

  test('is told from others', async () => {
    expect((await engine.describe()).models.map(({ isInpainting }) => isInpainting)).toEqual([true, true]);
  });

  test.each(cases.map((entry) => [entry.name, entry] as const))("gives diffusers' picture: %s", async (_, entry) => {
    const tensor = await goldenTensors('inpainting');
    const { name: _name, strength, masked, rgb, ...own } = entry;
    const init = masked ? initOf(entry, tensor) : undefined;
    const spec: GenerationSpec = {
      ...own,
      variations: [],
      syntax: 'plain',
      ...(masked && { init: { image: 'picture', mask: 'mask', strength } }),
    };
    const { pictures } = await engine.run({ kind: 'generate', spec }, init === undefined ? {} : { init });
    const expected = tensor(rgb).bytes;
    const actual = pictures[0]?.rgb ?? new Uint8Array();
    expect(actual).toHaveLength(expected.length);
    const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });

  test('draws a second pass and an upscale as it draws any picture', async () => {
    const spec: GenerationSpec = {
      ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 3, guidance: 5, sampler: 'euler', seed: 1 },
      ...{ count: 1, variations: [], model: 'tiny-inpaint', hires: { factor: 1.5, strength: 0.6 } },
    };
    const { pictures } = await engine.run({ kind: 'generate', spec });
    expect(pictures[0]).toMatchObject({ width: 96, height: 96 });
  });
});

function initOf({ width, height }: InpaintingCase, tensor: (key: string) => GoldenTensor): InitPicture {
  const size = `${width}x${height}`;
  return { width, height, rgb: tensor(`image/${size}`).bytes, mask: tensor(`mask/${size}`).bytes };
}
