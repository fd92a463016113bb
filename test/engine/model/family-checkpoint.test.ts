import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type GenerationSpec } from '../../../engine/index.ts';
import { readCheckpoint } from '../../../engine/model/checkpoint.ts';
import { describeModel } from '../../../engine/model/model.ts';
import { type StoredTensor, writeCheckpoint } from './checkpoint-file.ts';
import { familyCheckpoint, familyModel } from './family-checkpoint.ts';

const NAMES = ['tiny-xl', 'tiny-xl-v', 'tiny-v2'] as const;
const SPEC: Omit<GenerationSpec, 'model'> = {
  ...{ prompt: 'a red (fox:1.3) in the snow', negative: 'blurry', width: 64, height: 72, steps: 4, guidance: 5 },
  ...{ sampler: 'euler', seed: 5, count: 1, variations: [] },
};
const EMPTY: StoredTensor = { dtype: 'F32', shape: [0], bytes: new Uint8Array() };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-families-'));
});
afterAll(() => rm(root, { recursive: true }));

/** What the sizes of tiny models do not tell, in the folder beside the file. */
async function configsBeside(name: (typeof NAMES)[number], stem: string): Promise<void> {
  for (const part of ['unet', 'text_encoder', 'text_encoder_2', 'vae', 'scheduler']) {
    for (const file of ['config.json', 'scheduler_config.json']) {
      const to = join(root, stem, part);
      await mkdir(to, { recursive: true });
      await cp(join(familyModel(name), part, file), join(to, file)).catch(() => undefined);
    }
  }
  for (const part of ['tokenizer', 'tokenizer_2']) {
    await cp(join(familyModel(name), part), join(root, stem, part), { recursive: true }).catch(() => undefined);
  }
}

describe('a single file of another family', () => {
  test.each(NAMES)('%s draws as its folder does', async (name) => {
    const stem = `${name}-file`;
    await writeCheckpoint(join(root, `${stem}.safetensors`), await familyCheckpoint(name));
    await configsBeside(name, stem);
    const engine = createEngine({ modelSources: [familyModel(name), join(root, `${stem}.safetensors`)], threads: 1 });
    const draw = async (model: string) =>
      Buffer.from((await engine.run({ kind: 'generate', spec: { ...SPEC, model } })).pictures[0]?.rgb ?? []);
    // tiny-xl-v's folder says that an empty negative prompt is encoded; files cannot.
    expect((await draw(stem)).equals(await draw(name))).toBe(true);
    await engine.close();
  });

  test('of Stable Diffusion XL is told by its tensors alone', async () => {
    const file = join(root, 'alone.safetensors');
    await writeCheckpoint(file, await familyCheckpoint('tiny-xl'));
    const model = await readCheckpoint(file);
    expect(model.family.title).toBe('Stable Diffusion XL');
    expect(model.unet).toMatchObject({
      block_out_channels: [16, 24, 32],
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      layers_per_block: [2, 2, 2],
      cross_attention_dim: 56,
      addition_embed_type: 'text_time',
      projection_class_embeddings_input_dim: 20 + 6 * 8,
    });
    expect(model.unet.transformer_layers_per_block.slice(1)).toEqual([1, 2]);
    expect(model.unet.addition).toEqual({ textWidth: 20, timeWidth: 8 });
    expect(model.textEncoders.map(({ config }) => config.hidden_act)).toEqual(['quick_gelu', 'gelu']);
    expect(model.textEncoders.map(({ config }) => config.num_hidden_layers)).toEqual([3, 4]);
    expect(model.textEncoders[1]).toMatchObject({ padding: '!', config: { projection_dim: 20 } });
    expect(model.vae.scaling_factor).toBe(0.13025);
    expect(model.zeroesEmptyNegative).toBe(true);
    expect(model.scheduler).toMatchObject({
      _class_name: 'EulerDiscreteScheduler',
      timestep_spacing: 'leading',
      steps_offset: 1,
      prediction_type: 'epsilon',
    });
    expect(describeModel(model)).toMatchObject({ family: 'Stable Diffusion XL', width: 1024, height: 1024 });
  });

  test('that is marked as of v-prediction and zero terminal SNR is so', async () => {
    const file = join(root, 'marked.safetensors');
    const tensors = await familyCheckpoint('tiny-xl');
    await writeCheckpoint(file, new Map([...tensors, ['v_pred', EMPTY], ['ztsnr', EMPTY]]));
    expect((await readCheckpoint(file)).scheduler).toMatchObject({
      prediction_type: 'v_prediction',
      rescale_betas_zero_snr: true,
    });
  });

  test('of Stable Diffusion 2 leaves out the last layer of its text encoder', async () => {
    const file = join(root, 'two.safetensors');
    await writeCheckpoint(file, await familyCheckpoint('tiny-v2'));
    const model = await readCheckpoint(file);
    expect(model.family.title).toBe('Stable Diffusion 2');
    expect(model.textEncoders).toHaveLength(1);
    expect(model.textEncoders[0]).toMatchObject({ padding: '!', config: { num_hidden_layers: 2, hidden_act: 'gelu' } });
  });

  test.each([
    [0.2, 'v_prediction', 768],
    [0.05, 'epsilon', 512],
  ])('of Stable Diffusion 2 whose last normalisation spreads by %d predicts %s at %d', async (spread, type, side) => {
    const file = join(root, `spread-${spread}.safetensors`);
    const tensors = await familyCheckpoint('tiny-v2');
    const name = 'model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias';
    const shape = tensors.get(name)?.shape ?? [];
    const biases = Float32Array.from({ length: shape[0] ?? 0 }, (_, i) => (i % 2 === 0 ? spread : -spread));
    tensors.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(biases.buffer) });
    await writeCheckpoint(file, tensors);
    const model = await readCheckpoint(file);
    expect(model.scheduler.prediction_type).toBe(type);
    expect(describeModel(model).width).toBe(side);
  });

  test('without its second text encoder says so', async () => {
    const file = join(root, 'half.safetensors');
    const tensors = [...(await familyCheckpoint('tiny-xl'))].filter(([name]) => !name.includes('embedders.1'));
    await writeCheckpoint(file, new Map(tensors));
    await expect(readCheckpoint(file)).rejects.toThrow(
      'half.safetensors holds no second text encoder (conditioner.embedders.1); use a whole Stable Diffusion XL checkpoint.',
    );
  });
});
