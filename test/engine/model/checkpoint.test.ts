import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec } from '../../../engine/index.ts';
import { readCheckpoint } from '../../../engine/model/checkpoint.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { diffusersUnetName, diffusersVaeName } from '../../../engine/weights/checkpoint-names.ts';
import { tinyModel } from '../goldens.ts';
import {
  checkpointNames,
  checkpointTensors,
  rewriteWeights,
  roundToBfloat16,
  type StoredTensor,
  storedTensors,
  toBfloat16,
  writeCheckpoint,
} from './checkpoint-file.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-checkpoint-'));
});
afterAll(() => rm(root, { recursive: true }));

const spec: Omit<GenerationSpec, 'model'> = {
  prompt: 'a red fox in the snow',
  negative: 'blurry',
  width: 64,
  height: 64,
  steps: 3,
  guidance: 5,
  sampler: 'pndm',
  seed: 7,
  count: 1,
  variations: [],
};

async function picture(modelSources: readonly string[], model: string): Promise<Buffer> {
  const engine = createRuntime({ modelSources, threads: 1 });
  try {
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, model } });
    return Buffer.from(pictures[0]?.rgb ?? []);
  } finally {
    await engine.close();
  }
}

/** The config files and the tokenizer of a tiny model, in the folder of the checkpoint's name beside it. */
async function writeHints(model: string, name: string): Promise<void> {
  for (const part of ['unet', 'vae', 'text_encoder']) {
    await mkdir(join(root, name, part), { recursive: true });
    await cp(join(tinyModel(model), part, 'config.json'), join(root, name, part, 'config.json'));
  }
  for (const part of ['scheduler', 'tokenizer']) {
    await cp(join(tinyModel(model), part), join(root, name, part), { recursive: true });
  }
}

async function complaint(tensors: ReadonlyMap<string, StoredTensor>): Promise<string> {
  const file = join(root, 'strange.safetensors');
  await writeCheckpoint(file, tensors);
  return readCheckpoint(file).then(() => 'none', String);
}

const empty: StoredTensor = { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) };

describe("a checkpoint's names", () => {
  test.each(['v1', 'tiny-conv', 'tiny-linear'])('of %s become the ones that diffusers gives them', (model) => {
    const { layersPerBlock, unet, vae } = checkpointNames(model);
    expect(Object.keys(unet).length).toBeGreaterThan(100);
    for (const [theirs, ours] of Object.entries(unet)) expect(diffusersUnetName(theirs, layersPerBlock)).toBe(ours);
    for (const [theirs, ours] of Object.entries(vae)) expect(diffusersVaeName(theirs, 4)).toBe(ours);
    for (const ours of Object.values(vae)) expect(diffusersVaeName(ours, 4)).toBe(ours);
  });
});

describe('a single-file checkpoint', () => {
  test.each(['tiny-conv', 'tiny-linear'] as const)('of %s gives the very picture of its folder', async (model) => {
    await writeHints(model, 'same');
    await writeCheckpoint(join(root, 'same.safetensors'), await checkpointTensors(model));
    const expected = await picture([tinyModel(model)], model);
    expect((await picture([join(root, 'same.safetensors')], 'same')).equals(expected)).toBe(true);
  });

  test('in bfloat16 gives the picture of the same numbers in single precision', async () => {
    const tensors = await checkpointTensors('tiny-conv');
    await writeHints('tiny-conv', 'brain');
    await writeCheckpoint(
      join(root, 'brain.safetensors'),
      new Map([...tensors].map(([name, tensor]) => [name, toBfloat16(tensor)])),
    );
    const folder = join(root, 'rounded');
    await cp(tinyModel('tiny-conv'), folder, { recursive: true });
    await rewriteWeights(folder, roundToBfloat16);
    const expected = await picture([folder], 'rounded');
    expect((await picture([join(root, 'brain.safetensors')], 'brain')).equals(expected)).toBe(true);
  });

  test('uses the VAE that lies beside it, in either spelling', async () => {
    await writeHints('tiny-conv', 'clear');
    const tensors = await checkpointTensors('tiny-conv');
    const file = join(root, 'clear.safetensors');
    await writeCheckpoint(file, tensors);
    const own = await picture([file], 'clear');

    const halved = (tensor: StoredTensor): StoredTensor => {
      const floats = new Float32Array(new Uint8Array(tensor.bytes).buffer).map((value) => value / 2);
      return { ...tensor, bytes: new Uint8Array(floats.buffer) };
    };
    const beside = join(root, 'clear.vae.safetensors');
    const prefix = 'first_stage_model.';
    const other = [...tensors].filter(([name]) => name.startsWith(prefix));
    await writeCheckpoint(beside, new Map(other.map(([name, tensor]) => [name.slice(prefix.length), halved(tensor)])));
    const withOther = await picture([file], 'clear');
    expect(withOther.equals(own)).toBe(false);

    const diffusers = await storedTensors(join(tinyModel('tiny-conv'), 'vae/diffusion_pytorch_model.safetensors'));
    await writeCheckpoint(beside, new Map([...diffusers].map(([name, tensor]) => [name, halved(tensor)])));
    expect((await picture([file], 'clear')).equals(withOther)).toBe(true);
    await rm(beside);
  });

  test('without config files is a Stable Diffusion 1 model of the sizes of its tensors', async () => {
    await writeCheckpoint(join(root, 'bare.safetensors'), await checkpointTensors('tiny-conv'));
    const model = await readCheckpoint(join(root, 'bare.safetensors'));
    expect(model.unet).toMatchObject({
      block_out_channels: [16, 32],
      layers_per_block: [2, 2],
      cross_attention_dim: 32,
    });
    expect(model.unet.heads).toEqual([8, 8]);
    expect(model.vae).toMatchObject({ block_out_channels: [8, 16, 16, 32], scaling_factor: 0.18215 });
    expect(model.scheduler).toMatchObject({
      _class_name: 'PNDMScheduler',
      prediction_type: 'epsilon',
      steps_offset: 1,
    });
  });

  test('takes from its .yaml what its tensors do not tell', async () => {
    const file = join(root, 'velocity.safetensors');
    await writeCheckpoint(file, await checkpointTensors('tiny-conv'));
    const yaml = 'model:\n  params:\n    parameterization: "v"\n    unet_config:\n      params: {num_heads: 2}\n';
    await writeFile(join(root, 'velocity.yaml'), yaml);
    const model = await readCheckpoint(file);
    expect(model.scheduler.prediction_type).toBe('v_prediction');
    expect(model.unet.heads).toEqual([2, 2]);
    await writeFile(join(root, 'velocity.yaml'), 'model: [');
    await expect(readCheckpoint(file)).rejects.toThrow(/velocity\.yaml is not a checkpoint's config/);
  });

  test('that says so in its tensors predicts the velocity', async () => {
    const tensors = await checkpointTensors('tiny-conv');
    await writeCheckpoint(join(root, 'marked.safetensors'), new Map([...tensors, ['v_pred', empty]]));
    expect((await readCheckpoint(join(root, 'marked.safetensors'))).scheduler.prediction_type).toBe('v_prediction');
  });

  test.each([
    ['Stable Diffusion XL refiner', 'conditioner.embedders.0.model.ln_final.weight'],
    ['Playground 2.5', 'edm_mean'],
    ['SSD-1B or Segmind Vega', 'conditioner.embedders.1.model.ln_final.weight'],
    ['FLUX.2', 'single_stream_modulation.lin.weight'],
    ['Chroma', 'distilled_guidance_layer.in_proj.weight'],
    ['Qwen-Image', 'transformer_blocks.0.img_mod.1.weight'],
    ['Z-Image or Lumina', 'noise_refiner.0.attention.qkv.weight'],
    ['Wan video', 'blocks.0.cross_attn.norm_k.weight'],
    ['HunyuanVideo', 'txt_in.individual_token_refiner.blocks.0.norm1.weight'],
    ['LTX-Video', 'patchify_proj.weight'],
    ['Stable Video Diffusion', 'model.diffusion_model.input_blocks.1.0.time_stack.in_layers.0.weight'],
    ['VideoCrafter', 'model.diffusion_model.input_blocks.1.0.temopral_conv.conv1.0.weight'],
    ['ControlNet', 'control_model.input_hint_block.0.weight'],
    ['IP-Adapter', 'image_proj.proj.weight'],
    ['Stable Diffusion 3', 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight'],
    ['Flux', 'double_blocks.0.img_attn.qkv.weight'],
  ])('of %s is refused as what it is', async (title, name) => {
    const sentence = await complaint(
      new Map([
        ['model.diffusion_model.input_blocks.0.0.weight', empty],
        [name, empty],
      ]),
    );
    expect(sentence).toMatch(`strange.safetensors is a ${title} model; Easel supports Stable Diffusion 1, 2 and XL.`);
  });

  test.each([
    ['a LoRA', 'lora_unet_mid_block_attentions_0_proj_in.lora_up.weight', /folder "Lora" beside the model/],
    ['a textual inversion', 'emb_params', /folder "embeddings" beside the model/],
    ['a VAE', 'decoder.conv_in.weight', /with the extension \.vae\.safetensors/],
    ['not a Stable Diffusion checkpoint', 'some.weight', /use a whole Stable Diffusion model/],
  ])('that is %s is told where it belongs', async (what, name, advice) => {
    const sentence = await complaint(new Map([[name, empty]]));
    expect(sentence).toContain(`is ${what}`);
    expect(sentence).toMatch(advice);
  });

  test('without its text encoder says so', async () => {
    const tensors = [...(await checkpointTensors('tiny-conv'))].filter(([name]) => !name.startsWith('cond_stage'));
    expect(await complaint(new Map(tensors))).toMatch(
      /holds no text encoder; use a whole Stable Diffusion 1 checkpoint/,
    );
  });
});

describe('a folder of models', () => {
  test('offers single files and folders, and says what it cannot run', async () => {
    const folder = join(root, 'models');
    await mkdir(join(folder, 'Lora'), { recursive: true });
    await mkdir(join(folder, 'embeddings'));
    const tensors = await checkpointTensors('tiny-conv');
    await writeCheckpoint(join(folder, 'painter.safetensors'), tensors);
    const vae = [...tensors].filter(([name]) => name.startsWith('first_stage_model.'));
    await writeCheckpoint(join(folder, 'painter.vae.safetensors'), new Map(vae));
    await writeCheckpoint(join(folder, 'flux.safetensors'), new Map([['double_blocks.0.x', empty]]));
    await cp(tinyModel('tiny-half'), join(folder, 'half'), { recursive: true });
    for (const file of ['Lora/ink.safetensors', 'Lora/old.pt', 'embeddings/style.safetensors']) {
      await writeFile(join(folder, file), '');
    }
    const engine = createEngine({ modelSources: [folder] });
    const description = await engine.describe();
    expect(description.models.map(({ id }) => id)).toEqual(['painter', 'half']);
    expect(description.refused).toEqual([expect.stringMatching(/flux\.safetensors is a Flux model/)]);
    expect(description).toMatchObject({ defaultModel: 'painter', loras: ['ink'], embeddings: ['style'] });
  });

  test("laid out as AUTOMATIC1111's is read as it is", async () => {
    const folder = join(root, 'a1111');
    for (const name of ['Stable-diffusion', 'Lora', 'VAE']) await mkdir(join(folder, name), { recursive: true });
    await writeCheckpoint(
      join(folder, 'Stable-diffusion', 'painter.safetensors'),
      await checkpointTensors('tiny-conv'),
    );
    await writeFile(join(folder, 'Lora', 'ink.safetensors'), '');
    await writeFile(join(folder, 'VAE', 'other.safetensors'), '');
    const description = await createEngine({ modelSources: [folder] }).describe();
    expect(description.models.map(({ id }) => id)).toEqual(['painter']);
    expect(description).toMatchObject({ loras: ['ink'], refused: [] });
  });

  test('with nothing to run says why', async () => {
    const folder = join(root, 'flux-only');
    await mkdir(folder);
    await writeCheckpoint(join(folder, 'flux.safetensors'), new Map([['double_blocks.0.x', empty]]));
    await expect(createEngine({ modelSources: [folder] }).describe()).rejects.toThrow(/is a Flux model/);
  });

  test.each(['model.ckpt', 'model.pt', 'model.bin'])('given %s refuses the pickle and says why', async (name) => {
    await expect(createEngine({ modelSources: [join(root, name)] }).describe()).rejects.toThrow(
      `${name} is a pickle file, which can run code when it is opened; use the same weights as .safetensors.`,
    );
  });
});
