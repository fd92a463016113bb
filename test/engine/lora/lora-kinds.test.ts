import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GenerationSpec } from '../../../engine/index.ts';
import { createRuntime, type Runtime } from '../../../engine/runtime/runtime.ts';
import { golden, goldenTensors, tinyModel } from '../goldens.ts';
import { checkpointNames, encodeSafetensors, type StoredTensor, storedTensors } from '../model/checkpoint-file.ts';

/** LoRAs as strangers make them: by PEFT's configuration, in other programs' names, with more in them than a LoRA. */

const LORAS = fileURLToPath(new URL('../../fixtures/loras', import.meta.url));
const PEFT_LORAS = fileURLToPath(new URL('../../fixtures/loras-peft', import.meta.url));
type Tensors = Map<string, StoredTensor>;

let root: string;
let engine: Runtime;
let ink: Tensors;
let chalk: Tensors;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-lora-kinds-'));
  await cp(tinyModel('tiny-conv'), join(root, 'tiny-conv'), { recursive: true });
  for (const folder of [LORAS, PEFT_LORAS]) await cp(folder, join(root, 'Lora'), { recursive: true });
  engine = createRuntime({ modelSources: [join(root, 'tiny-conv')], threads: 1, previewEvery: 0 });
  ink = await storedTensors(join(LORAS, 'ink.safetensors'));
  chalk = await storedTensors(join(LORAS, 'chalk.safetensors'));
});
afterAll(async () => {
  await engine.close();
  await rm(root, { recursive: true });
});

const spec: GenerationSpec = {
  ...{ prompt: 'a red fox in the snow', negative: '', width: 64, height: 64, steps: 4, guidance: 5 },
  ...{ sampler: 'ddim', model: 'tiny-conv', seed: 11, count: 1, variations: [] },
};

async function draw(name: string) {
  const prompt = `${spec.prompt}<lora:${name}:1>`;
  const { pictures, notes } = await engine.run({ kind: 'generate', spec: { ...spec, prompt } });
  return { rgb: Buffer.from(pictures[0]?.rgb ?? []), notes };
}

const refusalOf = (name: string) => draw(name).then(() => 'none', String);

async function add(name: string, tensors: Tensors, metadata?: Readonly<Record<string, string>>): Promise<void> {
  await writeFile(join(root, 'Lora', `${name}.safetensors`), encodeSafetensors(tensors, metadata));
}

async function addFolder(name: string, tensors: Tensors, config: unknown): Promise<void> {
  await mkdir(join(root, 'Lora', name), { recursive: true });
  await writeFile(join(root, 'Lora', name, 'adapter_model.safetensors'), encodeSafetensors(tensors));
  await writeFile(join(root, 'Lora', name, 'adapter_config.json'), JSON.stringify(config));
}

/** Of 255, in the worst pixel. */
function difference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? 0))), 0);
}

const zeros = (dtype: string, width: number, ...shape: number[]): StoredTensor => ({
  dtype,
  shape,
  bytes: new Uint8Array(width * shape.reduce((product, side) => product * side, 1)),
});

describe("a LoRA whose strength stands in PEFT's configuration", () => {
  const { cases, tolerance } = golden<{ tolerance: number; cases: { name: string; rgb: string }[] }>('loras-peft');

  test.each(cases.map(({ name, rgb }) => [name, rgb] as const))(
    "named %s gives diffusers' picture",
    async (name, rgb) => {
      const { bytes } = (await goldenTensors('loras-peft'))(rgb);
      expect(difference((await draw(name)).rgb, bytes)).toBeLessThanOrEqual(tolerance);
    },
  );

  test.each([
    ['use_dora', { use_dora: true }, /LoRA dora\/adapter_model\.safetensors is a DoRA network/],
    ['peft_type', { peft_type: 'LOHA' }, /is a LOHA network/],
    ['lora_bias', { lora_bias: true }, /is a LoRA with biases network/],
    ['init_lora_weights', { init_lora_weights: 'pissa' }, /is initialised from the model's own weights \(pissa\)/],
    [
      'alpha_pattern',
      { alpha_pattern: { '(a+)+$': 3 } },
      /gives alphas by the pattern "\(a\+\)\+\$"; Easel reads names/,
    ],
    [
      'lora_alpha',
      { lora_alpha: 'much' },
      /has a value in its adapter_config\.json that PEFT does not define, at "lora_alpha"/,
    ],
  ])('and that asks for another %s is refused by name', async (_, config, sentence) => {
    await addFolder('dora', await storedTensors(join(PEFT_LORAS, 'brush/adapter_model.safetensors')), config);
    expect(await refusalOf('dora')).toMatch(sentence);
  });

  test('that PEFT saved as two networks side by side is called by its folder and theirs', async () => {
    const config = await readFile(join(PEFT_LORAS, 'brush/adapter_config.json'), 'utf8');
    await addFolder(
      'kit/unet',
      await storedTensors(join(PEFT_LORAS, 'brush/adapter_model.safetensors')),
      JSON.parse(config),
    );
    expect((await draw('kit/unet')).rgb.equals((await draw('brush')).rgb)).toBe(true);
  });
});

describe("a LoRA's alpha", () => {
  const scalars: readonly (readonly [string, Uint8Array])[] = [
    ['F32', new Uint8Array(Float32Array.of(4).buffer)],
    ['F64', new Uint8Array(Float64Array.of(4).buffer)],
    ['BF16', new Uint8Array(Uint16Array.of(0x4080).buffer)],
    ['I64', new Uint8Array(BigInt64Array.of(4n).buffer)],
    ['U64', new Uint8Array(BigUint64Array.of(4n).buffer)],
    ['I32', new Uint8Array(Int32Array.of(4).buffer)],
    ['U32', new Uint8Array(Uint32Array.of(4).buffer)],
    ['I16', new Uint8Array(Int16Array.of(4).buffer)],
    ['U16', new Uint8Array(Uint16Array.of(4).buffer)],
    ['I8', Uint8Array.of(4)],
    ['U8', Uint8Array.of(4)],
    ['F8_E4M3', Uint8Array.of(0x48)],
    ['F8_E5M2', Uint8Array.of(0x44)],
  ];
  const withAlpha = (alpha: StoredTensor): Tensors =>
    new Map([...ink].map(([name, tensor]) => [name, name.endsWith('.alpha') ? alpha : tensor]));

  test.each(scalars)('of type %s counts as the same number in half precision', async (dtype, bytes) => {
    await add(
      'half-alpha',
      withAlpha({ dtype: 'F16', shape: [], bytes: new Uint8Array(Uint16Array.of(0x4400).buffer) }),
    );
    await add('typed-alpha', withAlpha({ dtype, shape: [], bytes }));
    expect((await draw('typed-alpha')).rgb.equals((await draw('half-alpha')).rgb)).toBe(true);
  });

  test('of more than one number is refused, and the sentence has no path of the server in it', async () => {
    await add('many-alphas', withAlpha(zeros('F32', 4, 1000)));
    const sentence = await refusalOf('many-alphas');
    expect(sentence).toMatch(/Tensor "lora_.*\.alpha" in many-alphas\.safetensors should be a single number/);
    expect(sentence).not.toContain(root);
  });
});

describe("a LoRA in other programs' names", () => {
  const { unet } = checkpointNames('tiny-conv');
  const ldmNames = Object.entries(unet).map(([theirs, ours]) => [ours, theirs] as const);
  const layerOf = (name: string) => name.replace(/\.(weight|bias)$/, '');
  const kohya = (name: string) => layerOf(name).replaceAll('.', '_');
  /** kohya's layer by diffusers' names → CompVis' name, as diffusers' own converter has them. */
  const compvis = new Map(ldmNames.map(([ours, theirs]) => [kohya(ours), layerOf(theirs)]));

  function renamed(tensors: Tensors, spell: (theirs: string) => string): Tensors {
    const result: Tensors = new Map();
    for (const [name, tensor] of tensors) {
      const [, layer = '', rest = ''] = /^lora_unet_(.*?)(\..*)$/.exec(name) ?? [];
      const theirs = compvis.get(layer);
      result.set(theirs === undefined ? name : `${spell(theirs)}${rest}`, tensor);
    }
    return result;
  }

  test.each([
    ["kohya's prefix and CompVis' layers", (theirs: string) => `lora_unet_${theirs.replaceAll('.', '_')}`],
    ["ComfyUI's prefix", (theirs: string) => `diffusion_model.${theirs}`],
    ["a checkpoint's prefix", (theirs: string) => `model.diffusion_model.${theirs}`],
    ["LyCORIS' prefix", (theirs: string) => `lycoris_${theirs.replaceAll('.', '_')}`],
  ])('by %s gives the same picture, convolutions too', async (_, spell) => {
    const tensors = renamed(chalk, spell);
    expect([...tensors.keys()].filter((name) => !chalk.has(name)).length).toBeGreaterThan(200);
    await add('renamed', tensors);
    expect((await draw('renamed')).rgb.equals((await draw('chalk')).rgb)).toBe(true);
  });

  test("by ComfyUI's names of the text encoder gives the same picture", async () => {
    const spelled = [...ink].map(([name, tensor]): [string, StoredTensor] => [
      name.replace('lora_te_', 'text_encoders.clip_l.transformer.'),
      tensor,
    ]);
    await add('comfy-text', new Map(spelled));
    expect((await draw('comfy-text')).rgb.equals((await draw('ink')).rgb)).toBe(true);
  });

  test.each([
    [2048, 'Stable Diffusion XL'],
    [1024, 'Stable Diffusion 2'],
    [768, 'Stable Diffusion 1'],
  ])('whose text is %d wide is refused as one for %s, whatever its layers are called', async (width, family) => {
    const layer = 'lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_k';
    const [down, up] = [zeros('F32', 4, 2, width), zeros('F32', 4, 16, 2)];
    await add(
      'wide-text',
      new Map([
        [`${layer}.lora_down.weight`, down],
        [`${layer}.lora_up.weight`, up],
      ]),
    );
    await expect(
      engine.check({ kind: 'generate', spec: { ...spec, prompt: 'a fox <lora:wide-text>' } }),
    ).rejects.toThrow(`The LoRA wide-text.safetensors is made for ${family} models; use one for`);
  });
});

describe('a LoRA file with more in it than a LoRA', () => {
  const extra = (...more: [string, StoredTensor][]): Tensors => new Map([...ink, ...more]);
  const inkPicture = async () => (await draw('ink')).rgb;

  test.each([
    [
      'a learned word',
      'bundle_emb.mychar.emb_params',
      /also holds a textual inversion \(mychar\), which Easel reads only from/,
    ],
    ['norms', 'lora_unet_down_blocks_0_attentions_0_norm.w_norm', /also changes normalization layers/],
    [
      'anything else',
      'something.else',
      /also holds a tensor that Easel does not know and skips, such as "something\.else"/,
    ],
  ])('is drawn without %s, and a note says so', async (_, name, note) => {
    await add('more', extra([name, zeros('F32', 4, 16)]));
    const { rgb, notes } = await draw('more');
    expect(rgb.equals(await inkPicture())).toBe(true);
    expect(notes).toEqual([expect.stringMatching(note)]);
    expect(notes[0]).toContain('The LoRA more.safetensors');
  });

  test('is drawn without an alpha that belongs to no layer', async () => {
    await add('lonely-alpha', extra(['lora_unet_somewhere.alpha', zeros('F32', 4, 1)]));
    expect((await draw('lonely-alpha')).rgb.equals(await inkPicture())).toBe(true);
  });

  test.each([
    ['DoRA', 'lora_unet_mid_block_attentions_0_proj_in.dora_scale'],
    ['LoKr', 'lora_unet_mid_block_attentions_0_proj_in.lokr_w1'],
    ['IA3', 'lora_unet_mid_block_attentions_0_proj_in.on_input'],
    ['GLoRA', 'lora_unet_mid_block_attentions_0_proj_in.a1.weight'],
    ['whole-weights', 'lora_unet_mid_block_attentions_0_proj_in.diff_b'],
  ])('that needs %s is refused by name: without it the picture would be another', async (kind, name) => {
    await add('other-kind', extra([name, zeros('F32', 4, 16)]));
    expect(await refusalOf('other-kind')).toMatch(`The LoRA other-kind.safetensors is a ${kind} network`);
  });

  test('that changes a layer nobody has is refused by layer', async () => {
    const layer = 'lora_unet_nowhere';
    const [down, up] = [zeros('F32', 4, 2, 8), zeros('F32', 4, 8, 2)];
    await add('nowhere', extra([`${layer}.lora_down.weight`, down], [`${layer}.lora_up.weight`, up]));
    expect(await refusalOf('nowhere')).toMatch(/changes a layer "nowhere" that this model does not have/);
  });
});
