import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineHost, type GenerationSpec } from '../../../engine/index.ts';
import { formatLoraTag, readLoraTags } from '../../../engine/lora/lora-tags.ts';
import { runs } from '../../full-run.ts';
import { golden, goldenTensors, tinyModel } from '../goldens.ts';
import { encodeSafetensors, type StoredTensor, storedTensors } from '../model/checkpoint-file.ts';

const LORAS = fileURLToPath(new URL('../../fixtures/loras', import.meta.url));

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
  engine = createEngine({ modelSources: [root], threads: 1, previewEvery: 0 });
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
    const fresh = createEngine({ modelSources: [join(root, 'tiny-conv')], threads: 1 });
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
    const fresh = createEngine({ modelSources: [join(root, 'tiny-conv')], threads: 1, previewEvery: 0 });
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
    ['loha', 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a', /is a LoHa network; Easel supports LoRA and LoCon/],
    ['odd', 'something.weight', /has a tensor "something\.weight", which Easel does not know as part/],
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
      /wide\.safetensors is made for another architecture: its layer "mid_block\.attentions\.0\.proj_in" has 640 input/,
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
  const both = (strength: number) => ({ textEncoder: strength, unet: strength });

  test.each([
    ['a fox <lora:ink:0.8>', 'a fox ', [{ name: 'ink', strengths: both(0.8) }]],
    ['<lora:ink>a fox', 'a fox', [{ name: 'ink', strengths: both(1) }]],
    ['<lora:ink:>a fox<LORA: ink : 1e-1 >', 'a fox', [1, 0.1].map((one) => ({ name: 'ink', strengths: both(one) }))],
    ['a <lyco:ink:0.8> fox', 'a  fox', [{ name: 'ink', strengths: both(0.8) }]],
    ['a fox<lora:ink:0.8:0.5>', 'a fox', [{ name: 'ink', strengths: { textEncoder: 0.8, unet: 0.5 } }]],
    ['a fox<lora:ink::0.5>', 'a fox', [{ name: 'ink', strengths: { textEncoder: 1, unet: 0.5 } }]],
    ['a fox<lora:ink:te=0:unet=1>', 'a fox', [{ name: 'ink', strengths: { textEncoder: 0, unet: 1 } }]],
    ['a fox<lora:ink:te=0.5>', 'a fox', [{ name: 'ink', strengths: both(0.5) }]],
    ['a fox<lora:ink:0.8:unet=0>', 'a fox', [{ name: 'ink', strengths: { textEncoder: 0.8, unet: 0 } }]],
    [
      'a <lora:My Style_v2:-.5> fox <lora:b:2.>',
      'a  fox ',
      [
        { name: 'My Style_v2', strengths: both(-0.5) },
        { name: 'b', strengths: both(2) },
      ],
    ],
    ['a <lora fox', 'a <lora fox', []],
    ['1<2:a>3, <3:x>', '1<2:a>3, <3:x>', []],
  ])('of "%s" are taken out of the text', (prompt, text, loras) => {
    expect(readLoraTags(prompt)).toEqual({ text, loras, faults: [], unknown: [] });
  });

  test.each([
    ['<lora:ink:much>', 'A strength in <lora:ink:much> is not a number; write it as <lora:NAME:0.8>.'],
    ['<lora:ink:0,8>', 'A strength in <lora:ink:0,8> is not a number; write it as <lora:NAME:0.8>.'],
    ['<lora:>', '<lora:> names no LoRA; write it as <lora:NAME:0.8>.'],
    ['<lora: :1>', '<lora: :1> names no LoRA; write it as <lora:NAME:0.8>.'],
    [
      '<lora:ink:1:lbw=MIDD>',
      'Easel does not know “lbw” in <lora:ink:1:lbw=MIDD>; a LoRA tag accepts only te= and unet=.',
    ],
    [
      '<lora:ink:1:1:8>',
      '<lora:ink:1:1:8> has more than two strengths; write <lora:NAME:0.8:0.5> for the text encoder and the UNet.',
    ],
    ['<hypernet:x:1>', 'Easel does not support a hypernetwork; remove <hypernet:x:1> from the prompt.'],
  ])('%s is refused by name', async (tag, sentence) => {
    expect(readLoraTags(tag)).toMatchObject({ loras: [], faults: [sentence] });
    await expect(picture({ prompt: `a fox ${tag}` })).rejects.toThrow(sentence);
  });

  test('of kinds that Easel does not know stay words, and a note says so; so do those of the negative prompt', async () => {
    const words = { ...spec, prompt: 'a fox <wildcard:animals>', negative: '<lora:ink:1>' };
    const { notes } = await engine.run({ kind: 'generate', spec: words });
    expect(notes).toEqual([
      'Easel does not know the tag <wildcard:animals>; it was read as text.',
      'A LoRA works in the prompt only; its tag in the negative prompt was read as text.',
    ]);
  });

  test('with two strengths give the text encoder the first and the UNet the second', async () => {
    const tensors = [...(await storedTensors(join(LORAS, 'ink.safetensors')))];
    const isText = ([name]: readonly [string, StoredTensor]) => name.startsWith('lora_te_');
    expect(tensors.filter(isText).length).toBeGreaterThan(0);
    await addLora('text-only', new Map(tensors.filter(isText)));
    await addLora('unet-only', new Map(tensors.filter((tensor) => !isText(tensor))));
    const at = (tags: string) => picture({ prompt: `${spec.prompt}${tags}` });
    for (const [both, apart] of [
      ['<lora:ink:1:0>', '<lora:text-only:1>'],
      ['<lora:ink:te=0:unet=1>', '<lora:unet-only:1>'],
      ['<lora:ink:0.8:0.5>', '<lora:text-only:0.8><lora:unet-only:0.5>'],
      ['<lyco:ink:0.5>', '<lora:text-only:0.5><lora:unet-only:0.5>'],
    ] as const) {
      expect((await at(both)).equals(await at(apart)), both).toBe(true);
    }
    expect((await at('<lora:ink:0:0>')).equals(await at(''))).toBe(true);
    expect(difference(await at('<lora:ink:0.8:0.5>'), await at('<lora:ink:0.5:0.8>'))).toBeGreaterThan(2);
  });

  test('of any prompt leave text and strengths that are numbers, or a sentence', () => {
    const piece = fc.oneof(
      fc.constantFrom('<lora:', '<lyco:', '<hypernet:', ':', '>', 'a', '1', '0.5', '-', '<', 'te=', 'unet='),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { text, loras, faults } = readLoraTags(pieces.join(''));
        expect(text.length).toBeLessThanOrEqual(pieces.join('').length);
        for (const tag of loras) {
          expect(Number.isNaN(tag.strengths.textEncoder + tag.strengths.unet)).toBe(false);
          expect(readLoraTags(formatLoraTag(tag)).loras).toEqual([tag]);
        }
        for (const fault of faults) expect(fault.length).toBeLessThan(250);
      }),
      { numRuns: runs(5000) },
    );
  });
});
