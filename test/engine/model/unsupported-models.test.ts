import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { GenerationSpec } from '../../../engine/index.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { tinyModel } from '../goldens.ts';
import { checkpointTensors, encodeSafetensors, type StoredTensor, storedTensors } from './checkpoint-file.ts';

let root: string;
let folder: string;
const made: string[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-refusals-'));
  made.push(root);
  folder = join(root, 'tiny');
  await cp(tinyModel('tiny-linear'), folder, { recursive: true });
});
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true }))));

const SPEC: GenerationSpec = {
  ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 1, guidance: 5 },
  ...{ sampler: 'ddim', model: 'tiny', seed: 3, count: 1, variations: [] },
};
const UNET = 'unet/diffusion_pytorch_model.safetensors';

/** The whole sentence that whoever asked for a picture reads, the folder it is about left out. */
async function refusal(model: string, prompt = SPEC.prompt): Promise<string> {
  const engine = createRuntime({ modelSources: [model], threads: 1 });
  try {
    const { defaultModel } = await engine.describe();
    await engine.run({ kind: 'generate', spec: { ...SPEC, model: defaultModel, prompt } });
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(`${root}/`, '') : String(error);
  } finally {
    await engine.close();
  }
}

async function rewrite(file: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(join(folder, file), change(await readFile(join(folder, file))));
}

/** A file's header as it is, changed, in a header of the same length. */
function withHeader(bytes: Buffer, change: (header: Record<string, { data_offsets: number[] }>) => void): Buffer {
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>;
  change(header);
  const json = JSON.stringify(header);
  expect(json.length).toBeLessThanOrEqual(length);
  return Buffer.concat([bytes.subarray(0, 8), Buffer.from(json.padEnd(length)), bytes.subarray(8 + length)]);
}

const named = (name: string): ReadonlyMap<string, StoredTensor> =>
  new Map([[name, { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) }]]);

describe('what Easel cannot draw with is refused with one whole sentence', () => {
  test('a truncated file', async () => {
    let size = 0;
    await rewrite(UNET, (bytes) => {
      size = bytes.length - 100;
      return bytes.subarray(0, size);
    });
    expect(await refusal(folder)).toMatch(
      new RegExp(
        `^The weights file tiny/${UNET} is damaged: tensor "[a-z0-9._]+" ends at byte \\d+ but the file at ${size}: it is truncated\\. Download it again\\.$`,
      ),
    );
  });

  test('a header longer than the file', async () => {
    let size = 0;
    await rewrite(UNET, (bytes) => {
      size = bytes.length;
      bytes.writeBigUInt64LE(50_000_000n);
      return bytes;
    });
    expect(await refusal(folder)).toBe(
      `The weights file tiny/${UNET} is damaged: its header ends at byte 50000008 but the file at ${size}. Download it again.`,
    );
  });

  test('tensors that overlap', async () => {
    await rewrite(UNET, (bytes) =>
      withHeader(bytes, (header) => {
        const [first, second] = ['conv_in.bias', 'conv_out.bias'].map((name) => header[name]);
        if (first === undefined || second === undefined) throw new Error('a UNet has both');
        const [begin = 0] = first.data_offsets;
        const [from = 0, to = 0] = second.data_offsets;
        second.data_offsets = [begin, begin + to - from];
      }),
    );
    expect(await refusal(folder)).toBe(
      `The weights file tiny/${UNET} is damaged: tensors "conv_in.bias" and "conv_out.bias" overlap. Download it again.`,
    );
  });

  test('a weight that is not a number', async () => {
    await rewrite(UNET, (bytes) => {
      const length = Number(bytes.readBigUInt64LE());
      const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>;
      bytes.writeFloatLE(Number.NaN, 8 + length + (header['conv_out.weight']?.data_offsets[0] ?? 0));
      return bytes;
    });
    expect(await refusal(folder)).toBe(
      'Tensor "conv_out.weight" in diffusion_pytorch_model.safetensors holds values that are not numbers (NaN or infinity): the file is damaged; download it again, or use another.',
    );
  });

  test.each([
    ['StableDiffusionXLControlNetPipeline', 'StableDiffusionXLControlNetPipeline'],
    ['StableDiffusion3Pipeline', 'Stable Diffusion 3'],
  ])('a folder of a %s', async (className, title) => {
    await writeFile(join(folder, 'model_index.json'), JSON.stringify({ _class_name: className }));
    expect(await refusal(folder)).toBe(`tiny is a ${title} model; Easel supports Stable Diffusion 1, 2 and XL.`);
  });

  test.each([
    ['conditioner.embedders.0.model.x', 'Stable Diffusion XL refiner'],
    ['model.diffusion_model.joint_blocks.0.x', 'Stable Diffusion 3'],
  ])('a single file with a tensor %s', async (name, title) => {
    await writeFile(join(root, 'one.safetensors'), encodeSafetensors(named(name)));
    expect(await refusal(join(root, 'one.safetensors'))).toBe(
      `one.safetensors is a ${title} model; Easel supports Stable Diffusion 1, 2 and XL.`,
    );
  });

  test('a LoRA for another architecture, by its name or by its sizes', async () => {
    const lora = async (file: string, tensors: ReadonlyMap<string, StoredTensor>) => {
      await cp(tinyModel('tiny-linear'), join(root, 'models', 'tiny'), { recursive: true });
      await cp(join(tinyModel('../loras')), join(root, 'models', 'Lora'), { recursive: true });
      await writeFile(join(root, 'models', 'Lora', `${file}.safetensors`), encodeSafetensors(tensors));
      return refusal(join(root, 'models'), `a fox <lora:${file}:1>`);
    };
    expect(await lora('xl', named('lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight'))).toBe(
      'The LoRA xl.safetensors is made for Stable Diffusion XL models; use one for Stable Diffusion 1.',
    );
    const wide = (...shape: number[]): StoredTensor => ({
      ...{ dtype: 'F32', shape },
      bytes: new Uint8Array(4 * shape.reduce((product, side) => product * side, 1)),
    });
    const layer = 'lora_unet_mid_block_attentions_0_proj_in';
    const other = new Map([
      [`${layer}.lora_down.weight`, wide(2, 640)],
      [`${layer}.lora_up.weight`, wide(640, 2)],
    ]);
    expect(await lora('wide', other)).toBe(
      'The LoRA wide.safetensors is made for another architecture: its layer "mid_block.attentions.0.proj_in" has 640 input and 640 output channels, but this model\'s layer has 32 and 32.',
    );
  });

  test('pickles: as a model, by another name, in a folder, and as a LoRA', async () => {
    const sentence = (file: string) =>
      `${file} is a pickle file, which can run code when it is opened; use the same weights as .safetensors.`;
    expect(await refusal(join(root, 'model.ckpt'))).toBe(sentence('model.ckpt'));
    await writeFile(join(root, 'posing.safetensors'), Buffer.from('PK\u0003\u0004 and what torch.save writes'));
    expect(await refusal(join(root, 'posing.safetensors'))).toBe(sentence('posing.safetensors'));
    await cp(folder, join(root, 'models', 'tiny'), { recursive: true });
    await cp(tinyModel('../loras'), join(root, 'models', 'Lora'), { recursive: true });
    await writeFile(join(root, 'models', 'Lora', 'old.pt'), '');
    expect(await refusal(join(root, 'models'), 'a fox <lora:old:1>')).toBe(sentence('old.pt'));
    await rm(join(folder, UNET));
    await writeFile(join(folder, 'unet', 'diffusion_pytorch_model.bin'), '');
    expect(await refusal(folder)).toBe(sentence('diffusion_pytorch_model.bin'));
  });

  test('a checkpoint that lacks a network', async () => {
    const whole = await checkpointTensors('tiny-conv');
    const part = new Map([...whole].filter(([name]) => !name.startsWith('first_stage_model.')));
    await writeFile(join(root, 'part.safetensors'), encodeSafetensors(part));
    expect(await refusal(join(root, 'part.safetensors'))).toBe(
      'part.safetensors holds no VAE; put its VAE beside it, named part.vae.safetensors.',
    );
  });

  test('and a model that is whole is refused nothing', async () => {
    expect((await storedTensors(join(folder, UNET))).size).toBeGreaterThan(0);
    expect(await refusal(folder)).toBe('none');
  });
});
