import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineHost, type GenerationSpec } from '../../engine/index.ts';
import { readLoraTags } from '../../engine/prompt/lora-tags.ts';
import { runs } from '../full.ts';
import { encodeSafetensors, type StoredTensor, storedTensors } from './checkpoint-file.ts';
import { golden, goldenTensors, tinyModel } from './goldens.ts';

const LORAS = fileURLToPath(new URL('../fixtures/loras', import.meta.url));

interface LoraGolden {
  readonly tolerance: number;
  readonly cases: readonly {
    readonly name: string;
    readonly loras: readonly [string, number][];
    readonly rgb: string;
  }[];
}

let root: string;
let engine: EngineHost;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-lora-'));
  await cp(tinyModel('tiny-conv'), join(root, 'tiny-conv'), { recursive: true });
  await cp(tinyModel('tiny-linear'), join(root, 'tiny-linear'), { recursive: true });
  await cp(LORAS, join(root, 'Lora'), { recursive: true });
  engine = createEngine({ modelFolders: [root], threads: 1, previewEvery: 0 });
});
afterAll(async () => {
  await engine.close();
  await rm(root, { recursive: true });
});

const spec: GenerationSpec = {
  prompt: 'a red fox in the snow',
  negative: '',
  width: 64,
  height: 64,
  steps: 4,
  guidance: 5,
  sampler: 'ddim',
  model: 'tiny-conv',
  seed: 11,
  count: 1,
  variations: [],
};

async function picture(change: Partial<GenerationSpec>): Promise<Buffer> {
  const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, ...change } });
  return Buffer.from(pictures[0]?.rgb ?? []);
}

const withTags = (loras: readonly (readonly [string, number])[]) =>
  `${spec.prompt}${loras.map(([name, weight]) => `<lora:${name}:${weight}>`).join('')}`;

/** Of 255, in the worst pixel. */
function difference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? 0))), 0);
}

async function addLora(name: string, tensors: ReadonlyMap<string, StoredTensor>): Promise<void> {
  await writeFile(join(root, 'Lora', `${name}.safetensors`), encodeSafetensors(tensors));
}

const NOTHING = new Uint8Array();
const zeros = (...shape: number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(4 * shape.reduce((product, side) => product * side, 1)),
});

describe('a LoRA', () => {
  const { cases, tolerance } = golden<LoraGolden>('loras');

  test.each(cases.map((entry) => [entry.name, entry] as const))("%s gives diffusers' picture", async (_, entry) => {
    const { bytes } = (await goldenTensors('loras'))(entry.rgb);
    expect(difference(await picture({ prompt: withTags(entry.loras) }), bytes)).toBeLessThanOrEqual(tolerance);
  });

  test('leaves the model bit by bit as it was', async () => {
    const fresh = createEngine({ modelFolders: [join(root, 'tiny-conv')], threads: 1 });
    const before = await fresh.run({ kind: 'generate', spec });
    await fresh.close();
    await picture({ prompt: withTags([['ink', 1]]) });
    await picture({ prompt: withTags([['chalk', 1]]) });
    expect((await picture({})).equals(Buffer.from(before.pictures[0]?.rgb ?? []))).toBe(true);
  });

  test('of weight 0 changes nothing', async () => {
    expect((await picture({ prompt: withTags([['ink', 0]]) })).equals(await picture({}))).toBe(true);
  });

  test('changes only the tasks that ask for it when several run at once', async () => {
    const prompts = ['', '<lora:ink:1>', '<lora:wash:0.8>', '<lora:ink:1>'].map((tag) => `${spec.prompt}${tag}`);
    const alone: Buffer[] = [];
    for (const prompt of prompts) alone.push(await picture({ prompt }));
    const together = await Promise.all(prompts.map((prompt) => picture({ prompt })));
    for (const [i, rgb] of together.entries())
      expect(difference(rgb, alone[i] ?? Buffer.alloc(0))).toBeLessThanOrEqual(1);
    expect(difference(alone[0] ?? Buffer.alloc(0), alone[1] ?? Buffer.alloc(0))).toBeGreaterThan(20);
  });

  test('that is the first to be asked for disturbs nobody who is drawing already', async () => {
    const fresh = createEngine({ modelFolders: [join(root, 'tiny-conv')], threads: 1, previewEvery: 0 });
    const drawn = (prompt: string, steps: number) =>
      fresh.run({ kind: 'generate', spec: { ...spec, prompt, steps } }).then(({ pictures }) => pictures[0]?.rgb);
    const tags = ['', '<lora:ink:1>', '<lora:chalk:0.7>', ''];
    const [first, ink, chalk, last] = await Promise.all(tags.map((tag, i) => drawn(`${spec.prompt}${tag}`, 20 - i)));
    expect(first).toEqual(await drawn(spec.prompt, 20));
    expect(difference(ink ?? NOTHING, (await drawn(`${spec.prompt}<lora:ink:1>`, 19)) ?? NOTHING)).toBeLessThanOrEqual(
      1,
    );
    expect(
      difference(chalk ?? NOTHING, (await drawn(`${spec.prompt}<lora:chalk:0.7>`, 18)) ?? NOTHING),
    ).toBeLessThanOrEqual(1);
    expect(difference(last ?? NOTHING, (await drawn(spec.prompt, 17)) ?? NOTHING)).toBeLessThanOrEqual(1);
    await fresh.close();
  });

  test('with a number that is none is refused by tensor', async () => {
    const tensors = await storedTensors(join(LORAS, 'wash.safetensors'));
    const [name, tensor] = [...tensors][0] ?? [];
    const bytes = Buffer.from(tensor?.bytes ?? []);
    bytes.writeFloatLE(Number.NaN, 8);
    await addLora('nan', new Map([...tensors, [name ?? '', { ...zeros(), ...tensor, bytes }]]));
    await expect(picture({ prompt: withTags([['nan', 1]]) })).rejects.toThrow(
      `Tensor "${name}" in nan.safetensors holds values that are not numbers`,
    );
  });

  test('that was put into the folder while Easel runs is found', async () => {
    await cp(join(LORAS, 'ink.safetensors'), join(root, 'Lora', 'late.safetensors'));
    const late = await picture({ prompt: withTags([['late', 1]]) });
    expect(late.equals(await picture({ prompt: withTags([['ink', 1]]) }))).toBe(true);
  });

  test('that is not there is named, with those that are', async () => {
    await expect(picture({ prompt: withTags([['inc', 1]]) })).rejects.toThrow(/no LoRA "inc"; use one of .*ink/);
  });

  test.each(['101', '-1000', '9'.repeat(400)])('of weight %s is refused with what to write', async (weight) => {
    await expect(picture({ prompt: `a fox <lora:ink:${weight}>` })).rejects.toThrow(
      'The weight of the LoRA "ink" must be from -100 to 100; try <lora:ink:1>.',
    );
  });

  test('of another size is refused by name', async () => {
    await expect(picture({ model: 'tiny-linear', prompt: withTags([['ink', 1]]) })).rejects.toThrow(
      /LoRA ink\.safetensors (is made for another architecture|changes a layer)/,
    );
  });

  test.each([
    ['xl', 'lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight', /is made for Stable Diffusion XL models/],
    ['flux', 'lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight', /is made for Flux models/],
    ['sd3', 'transformer.joint_blocks.0.lora_A.weight', /is made for Stable Diffusion 3 models/],
    ['loha', 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a', /is a LoHa network; Easel applies LoRA and LoCon/],
    ['odd', 'something.weight', /has a tensor "something\.weight", which is no part/],
    [
      'half',
      'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight',
      /is incomplete: .*mid_block_attentions_0_proj_in/,
    ],
  ])('named %s, which does not fit, is refused for what it is', async (name, tensor, sentence) => {
    await addLora(name, new Map([[tensor, zeros(2, 32)]]));
    const refusal = await picture({ prompt: withTags([[name, 1]]) }).then(() => 'none', String);
    expect(refusal).toContain(`The LoRA ${name}.safetensors`);
    expect(refusal).toMatch(sentence);
  });

  test('for a layer of other sizes says which and both sizes', async () => {
    const layer = 'lora_unet_mid_block_attentions_0_proj_in';
    await addLora(
      'wide',
      new Map([
        [`${layer}.lora_down.weight`, zeros(2, 640, 1, 1)],
        [`${layer}.lora_up.weight`, zeros(640, 2, 1, 1)],
      ]),
    );
    await expect(picture({ prompt: withTags([['wide', 1]]) })).rejects.toThrow(
      /wide\.safetensors is made for another architecture: its layer "mid_block\.attentions\.0\.proj_in" takes 640/,
    );
  });

  test('that is a pickle is refused with the reason', async () => {
    await writeFile(join(root, 'Lora', 'old.pt'), '');
    await expect(picture({ prompt: withTags([['old', 1]]) })).rejects.toThrow(
      /old\.pt is a pickle file, which can run code/,
    );
  });

  test('that is truncated is called damaged', async () => {
    const whole = encodeSafetensors(await storedTensors(join(LORAS, 'ink.safetensors')));
    await writeFile(join(root, 'Lora', 'cut.safetensors'), whole.subarray(0, whole.length - 100));
    await expect(picture({ prompt: withTags([['cut', 1]]) })).rejects.toThrow(/cut\.safetensors is damaged/);
  });
});

describe('LoRA tags', () => {
  test.each([
    ['a fox <lora:ink:0.8>', 'a fox ', [{ name: 'ink', weight: 0.8 }]],
    ['<lora:ink>a fox', 'a fox', [{ name: 'ink', weight: 1 }]],
    [
      'a <lora:My Style_v2:-.5> fox <lora:b:2.>',
      'a  fox ',
      [
        { name: 'My Style_v2', weight: -0.5 },
        { name: 'b', weight: 2 },
      ],
    ],
    ['a <lora:ink:much> fox', 'a <lora:ink:much> fox', []],
    ['a <lora fox', 'a <lora fox', []],
  ])('of "%s" are taken out of the text', (prompt, text, loras) => {
    expect(readLoraTags(prompt)).toEqual({ text, loras });
  });

  test('of any prompt leave text and finite weights', () => {
    const piece = fc.oneof(fc.constantFrom('<lora:', ':', '>', 'a', '1', '0.5', '-', '<'), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { text, loras } = readLoraTags(pieces.join(''));
        return text.length <= pieces.join('').length && loras.every(({ weight }) => Number.isFinite(weight));
      }),
      { numRuns: runs(5000) },
    );
  });
});
