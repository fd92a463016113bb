import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { GenerationSpec } from '../../../engine/index.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { tinyModel } from '../goldens.ts';

let folder: string;
const made: string[] = [];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'easel-model-')), 'tiny');
  made.push(folder);
  await cp(tinyModel('tiny-linear'), folder, { recursive: true });
});
afterAll(() => Promise.all(made.map((path) => rm(join(path, '..'), { recursive: true }))));

/** What a person sees who starts Easel on this folder. */
async function complaint(): Promise<string> {
  const engine = createRuntime({ modelSources: [folder], threads: 1 });
  try {
    const { defaultModel } = await engine.describe();
    await engine.load(defaultModel);
    return 'none';
  } catch (error) {
    return String(error);
  } finally {
    await engine.close();
  }
}

const spec: GenerationSpec = {
  prompt: 'a fox',
  negative: '',
  width: 64,
  height: 64,
  steps: 1,
  guidance: 5,
  sampler: 'ddim',
  model: 'tiny',
  seed: 3,
  count: 1,
  variations: [],
};

async function edit(file: string, change: (json: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
  const path = join(folder, file);
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>)));
}

describe('a model folder', () => {
  test('that is whole raises no complaint', async () => {
    expect(await complaint()).toBe('none');
  });

  test.each([
    'model_index.json',
    'unet/config.json',
    'unet/diffusion_pytorch_model.safetensors',
    'vae/diffusion_pytorch_model.safetensors',
    'text_encoder/model.safetensors',
    'scheduler/scheduler_config.json',
    'tokenizer/merges.txt',
  ])('without %s says which file is missing and what to do', async (file) => {
    await rm(join(folder, file));
    const sentence = await complaint();
    expect(sentence).toContain(`lacks tiny/${file}`);
    expect(sentence).not.toContain(tmpdir());
    expect(sentence).toMatch(/lacks .*; download it again, or point Easel at a complete folder/);
  });

  test('that does not exist is named', async () => {
    await rm(folder, { recursive: true });
    expect(await complaint()).toMatch(/The model folder .*tiny does not exist; check the path/);
  });

  test.each([
    ['StableDiffusion3Pipeline', 'Stable Diffusion 3'],
    ['FluxPipeline', 'Flux'],
    ['Flux2Pipeline', 'FLUX.2'],
    ['ChromaPipeline', 'Chroma'],
    ['QwenImagePipeline', 'Qwen-Image'],
    ['ZImagePipeline', 'Z-Image'],
    ['StableVideoDiffusionPipeline', 'Stable Video Diffusion'],
    ['HunyuanDiTPipeline', 'HunyuanDiTPipeline'],
  ])('of %s is refused as what it is', async (name, title) => {
    await edit('model_index.json', (json) => ({ ...json, _class_name: name }));
    expect(await complaint()).toMatch(`tiny is a ${title} model; Easel supports Stable Diffusion 1, 2 and XL.`);
  });

  test('that has its weights as a pickle only says why that is refused', async () => {
    const unet = join(folder, 'unet');
    await rename(join(unet, 'diffusion_pytorch_model.safetensors'), join(unet, 'diffusion_pytorch_model.bin'));
    expect(await complaint()).toMatch(
      /diffusion_pytorch_model\.bin is a pickle file, which can run code when it is opened/,
    );
  });

  test('that is told the depth of pictures is refused as what it is', async () => {
    await edit('unet/config.json', (json) => ({ ...json, in_channels: 5 }));
    expect(await complaint()).toMatch(/UNet has 5 input and 4 output channels.*a depth model/);
  });

  test('with a truncated file says which, and how', async () => {
    await truncate(join(folder, 'unet/diffusion_pytorch_model.safetensors'), 200_000);
    expect(await complaint()).toMatch(/unet.diffusion_pytorch_model\.safetensors is damaged: tensor ".*" ends at byte/);
  });

  test.each([
    ['text_encoder/model.safetensors', Number.NaN],
    ['unet/diffusion_pytorch_model.safetensors', Number.NEGATIVE_INFINITY],
    ['vae/diffusion_pytorch_model.safetensors', Number.NaN],
  ])('with a weight in %s that is no number names file and tensor at the first picture', async (file, value) => {
    const path = join(folder, file);
    const used = /mlp\.fc1\.weight|^conv_out\.weight|^decoder\.conv_out\.weight/;
    const tensors = [...(await readSafetensors(path)).values()];
    const tensor = tensors.filter(({ name }) => used.test(name)).at(-1);
    const bytes = await readFile(path);
    bytes.writeFloatLE(value, tensor?.offset ?? 0);
    await writeFile(path, bytes);
    const engine = createRuntime({ modelSources: [folder], threads: 1 });
    const picture = engine.run({ kind: 'generate', spec });
    await expect(picture).rejects.toThrow(
      `Tensor "${tensor?.name}" in ${basename(file)} holds values that are not numbers (NaN or infinity): the file is damaged`,
    );
    await engine.close();
  });

  test('whose config and weights differ names tensor and shapes', async () => {
    await edit('text_encoder/config.json', (json) => ({ ...json, intermediate_size: 48 }));
    expect(await complaint()).toMatch(
      /fc1\.weight" in .*model\.safetensors has shape \[\d+,\d+\].*requires \[48,\d+\]/,
    );
  });

  test('whose scheduler Easel does not have draws with another, and says so with the model and the picture', async () => {
    await edit('model_index.json', (json) => ({ ...json, scheduler: ['diffusers', 'SASolverScheduler'] }));
    const engine = createRuntime({ modelSources: [folder], threads: 1 });
    const { models } = await engine.describe();
    const note = 'tiny: its own sampler is SASolverScheduler, which Easel does not have: dpmpp_2m_sde is used instead.';
    expect(models[0]).toMatchObject({ sampler: 'dpmpp_2m_sde', samplerNote: note });
    const notesOf = async (sampler: GenerationSpec['sampler']) =>
      (await engine.run({ kind: 'generate', spec: { ...spec, sampler, steps: 2 } })).notes;
    expect(await notesOf('dpmpp_2m_sde')).toEqual([note]);
    expect(await notesOf('ddim')).toEqual([]);
    await engine.close();
  });

  test("of two scheduler classes has model_index.json's, as diffusers does", async () => {
    await edit('model_index.json', (json) => ({ ...json, scheduler: ['diffusers', 'EulerDiscreteScheduler'] }));
    expect((await readModelFolder(folder)).sampler).toEqual({ name: 'euler' });
  });

  test('whose noise levels Easel does not know is refused by key', async () => {
    await edit('scheduler/scheduler_config.json', (json) => ({ ...json, prediction_type: 'flow_prediction' }));
    expect(await complaint()).toMatch(
      /scheduler_config\.json has a value that Easel does not support at "prediction_type"/,
    );
  });

  test('whose scheduler is written by Python, with an infinity that JSON lacks, is read', async () => {
    const file = join(folder, 'scheduler/scheduler_config.json');
    const config = {
      _class_name: 'DPMSolverMultistepScheduler',
      beta_schedule: 'scaled_linear',
      lambda_min_clipped: 0,
    };
    await writeFile(file, JSON.stringify(config).replace('"lambda_min_clipped":0', '"lambda_min_clipped": -Infinity'));
    expect(await complaint()).toBe('none');
  });

  test("whose scheduler would cut latents off at ±1, as pixels are, draws the reference pipeline's picture", async () => {
    const drawn = async () => {
      const engine = createRuntime({ modelSources: [folder], threads: 1 });
      const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, steps: 4 } });
      await engine.close();
      return pictures[0]?.rgb;
    };
    const expected = await drawn();
    await edit('scheduler/scheduler_config.json', (json) => ({ ...json, clip_sample: true }));
    expect(await drawn()).toEqual(expected);
    await edit('scheduler/scheduler_config.json', ({ clip_sample: _, ...json }) => json);
    expect(await drawn()).toEqual(expected);
  });

  test('with an option that Easel cannot honour is refused by key, never run wrongly', async () => {
    await edit('unet/config.json', (json) => ({ ...json, class_embed_type: 'timestep' }));
    expect(await complaint()).toMatch(
      /unet.config\.json has a value that Easel does not support at "class_embed_type"/,
    );
  });

  test('with a config that is not JSON is called damaged', async () => {
    await writeFile(join(folder, 'vae/config.json'), '<html>404</html>');
    expect(await complaint()).toMatch(/vae.config\.json is not JSON; download it again/);
  });
});
