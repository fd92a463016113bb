import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SD1 } from '../../../engine/families/sd1.ts';
import { textEncoderGraph } from '../../../engine/graph/text-encoder.ts';
import { unetGraph } from '../../../engine/graph/unet.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../../../engine/graph/vae.ts';
import { textEncoderConfigSchema, unetConfigSchema, vaeConfigSchema } from '../../../engine/model/configs.ts';
import { TorchGenerator } from '../../../engine/rng/torch-generator.ts';
import { type Input, openSession } from '../../../engine/session/session.ts';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { WeightSet } from '../../../engine/weights/weight-set.ts';
import { golden, goldenTensors, relativeError } from '../goldens.ts';
import { encodeSafetensors, type StoredTensor } from '../model/checkpoint-file.ts';

interface OptionCase {
  readonly kind: 'unet' | 'vae' | 'text';
  readonly name: string;
  readonly seed: number;
  /** Deviation of the inputs. */
  readonly sigma: number;
  readonly gains: Readonly<Record<string, number>>;
  readonly config: object;
  readonly layout: number;
}

const { cases, layouts } = golden<{ cases: OptionCase[]; layouts: string[] }>('network-options');
/** What is measured is below 3e-6. */
const TOLERANCE = 2e-5;
/** So often the tolerance is off what a wrong constant makes. */
const CLEARLY = 5;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-options-'));
});
afterAll(() => rm(root, { recursive: true }));

/** What a case gives, and what it should; its config and its weights may be changed. */
async function resultsOf(entry: OptionCase, change: (config: object) => object = (config) => config) {
  const generator = new TorchGenerator(entry.seed);
  const weights = await drawWeights(entry, generator);
  const draw = (...shape: number[]): Input => ({
    data: generator.randn(shape.reduce((product, side) => product * side)).map((value) => value * entry.sigma),
    shape,
  });
  const run = async (graph: Uint8Array, inputs: Readonly<Record<string, Input>>) => {
    const session = await openSession(graph, { provider: 'cpu', threads: 1 });
    const { data } = await session.run(inputs);
    await session.close();
    return data;
  };
  const config = change(entry.config);
  const found = new Map<string, Float32Array>();
  if (entry.kind === 'unet') {
    const inputs = { sample: draw(2, 4, 6, 6), encoder_hidden_states: draw(2, 6, 12) };
    const rest = {
      timestep: { data: Float32Array.of(500, 3), shape: [2] },
      key_stride: { data: BigInt64Array.of(1n), shape: [1] },
    };
    found.set('output', await run(unetGraph(unetConfigSchema.parse(config), weights), { ...inputs, ...rest }));
  } else if (entry.kind === 'vae') {
    const parsed = vaeConfigSchema(SD1).parse(config);
    const [image, latents] = [draw(1, 3, 12, 16), draw(1, 4, 6, 6)];
    found.set('moments', await run(vaeEncoderGraph(parsed, weights), { image }));
    found.set('image', await run(vaeDecoderGraph(parsed, weights), { latents }));
  } else {
    const parsed = textEncoderConfigSchema.parse(config);
    const ids = BigInt64Array.from({ length: parsed.max_position_embeddings }, (_, i) => BigInt(3 * i));
    found.set(
      'hidden',
      await run(textEncoderGraph(parsed, weights, { isNormalised: true, pools: false }), {
        input_ids: { data: ids, shape: [1, ids.length] },
        learned: { data: new Float32Array(parsed.hidden_size), shape: [1, parsed.hidden_size] },
        layer: { data: BigInt64Array.of(BigInt(parsed.num_hidden_layers - 1)), shape: [] },
      }),
    );
  }
  const tensor = await goldenTensors('network-options');
  return [...found].map(([key, data]) => relativeError(data, tensor(`${entry.kind}/${entry.name}/${key}`).floats));
}

/** By the rule of `tools/golden/network_option_goldens.py`. */
async function drawWeights({ kind, name, gains, layout }: OptionCase, generator: TorchGenerator): Promise<WeightSet> {
  const tensors = new Map<string, StoredTensor>();
  for (const part of (layouts[layout] ?? '').split(' ')) {
    const [tensorName = '', sides = ''] = part.split(':');
    const shape = sides.split('x').map(Number);
    const [size, inputs] = [shape, shape.slice(1)].map((of) => of.reduce((product, side) => product * side, 1));
    const layer = tensorName.slice(0, tensorName.lastIndexOf('.'));
    const gain = Object.entries(gains).find(([key]) => `.${layer}.`.includes(`.${key}.`))?.[1] ?? 1;
    const isWeight = tensorName.endsWith('.weight');
    const [mean, deviation] = layer.includes('norm')
      ? [isWeight ? 1 : 0, isWeight ? 0.15 : 0.1]
      : [0, deviationOf(layer, isWeight, gain, inputs ?? 1)];
    const values = generator.randn(size ?? 0).map((value) => mean + deviation * value);
    tensors.set(tensorName, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) });
  }
  const file = join(root, `${kind}-${name}.safetensors`);
  await writeFile(file, encodeSafetensors(tensors));
  return new WeightSet(await readSafetensors(file), file);
}

function deviationOf(layer: string, isWeight: boolean, gain: number, inputs: number): number {
  if (!isWeight) return 0.1 * gain;
  return /(token|position)_embedding$/.test(layer) ? gain : gain / Math.sqrt(inputs);
}

const caseOf = (kind: OptionCase['kind'], name: string) => {
  const found = cases.find((entry) => entry.kind === kind && entry.name === name);
  if (found === undefined) throw new Error(`no case ${kind} ${name}`);
  return found;
};

describe('a network agrees with torch', () => {
  test.each(cases.map((entry) => [entry.kind, entry.name, entry] as const))('%s: %s', async (_kind, _name, entry) => {
    for (const error of await resultsOf(entry)) expect(error).toBeLessThan(TOLERANCE);
  });
});

/** The fixtures can tell: what is changed here is far beyond the tolerance. */
describe('a config read wrongly is noticed', () => {
  test.each([
    ['unet', 'time-mish', { time_embedding_act_fn: null }],
    ['unet', 'timestep-post-act', { timestep_post_act: null }],
    ['unet', 'act-gelu', { act_fn: 'silu' }],
    ['unet', 'faint', { norm_eps: 1e-6 }],
    ['unet', 'centred', { center_input_sample: false }],
    ['unet', 'padding-0', { downsample_padding: 1 }],
    ['vae', 'attends-down', { down_block_types: undefined }],
    ['vae', 'attends-up', { up_block_types: undefined }],
    ['vae', 'plain', { mid_block_add_attention: false }],
    ['vae', 'plain', { use_quant_conv: false, use_post_quant_conv: false }],
    ['text', 'bent', { hidden_act: 'gelu' }],
    ['text', 'faint', { layer_norm_eps: 1e-6 }],
  ] as const)('%s %s with %o', async (kind, name, wrong) => {
    const errors = await resultsOf(caseOf(kind, name), (config) => ({ ...config, ...wrong }));
    expect(Math.max(...errors)).toBeGreaterThan(CLEARLY * TOLERANCE);
  });
});

describe('an option that Easel cannot honour is refused by name', () => {
  const unet = caseOf('unet', 'plain').config;
  const vae = caseOf('vae', 'plain').config;
  const text = caseOf('text', 'bent').config;
  test.each([
    ['time_cond_proj_dim', unetConfigSchema, unet, 256],
    ['class_embed_type', unetConfigSchema, unet, 'timestep'],
    ['class_embeddings_concat', unetConfigSchema, unet, true],
    ['resnet_time_scale_shift', unetConfigSchema, unet, 'scale_shift'],
    ['resnet_skip_time_act', unetConfigSchema, unet, true],
    ['dual_cross_attention', unetConfigSchema, unet, true],
    ['only_cross_attention', unetConfigSchema, unet, [true, false]],
    ['mid_block_only_cross_attention', unetConfigSchema, unet, true],
    ['mid_block_type', unetConfigSchema, unet, 'UNetMidBlock2DSimpleCrossAttn'],
    ['encoder_hid_dim_type', unetConfigSchema, unet, 'text_proj'],
    ['attention_type', unetConfigSchema, unet, 'gated'],
    ['cross_attention_norm', unetConfigSchema, unet, 'layer_norm'],
    ['reverse_transformer_layers_per_block', unetConfigSchema, unet, [1, 1]],
    ['act_fn', unetConfigSchema, unet, 'elu'],
    ['time_embedding_act_fn', unetConfigSchema, unet, 'tanh'],
    ['conv_in_kernel', unetConfigSchema, unet, 4],
    ['layers_per_block', unetConfigSchema, unet, [1, 1, 1]],
    ['cross_attention_dim', unetConfigSchema, unet, [12, 16]],
    ['norm_num_groups', unetConfigSchema, unet, null],
    ['_class_name', unetConfigSchema, unet, 'UNet3DConditionModel'],
    ['shift_factor', vaeConfigSchema(SD1), vae, 0.1],
    ['latents_mean', vaeConfigSchema(SD1), vae, [0, 0, 0, 1]],
    ['down_block_types', vaeConfigSchema(SD1), vae, ['DownEncoderBlock2D']],
    ['up_block_types', vaeConfigSchema(SD1), vae, ['UpDecoderBlock2D', 'SkipUpBlock2D']],
    ['_class_name', vaeConfigSchema(SD1), vae, 'AutoencoderTiny'],
    ['hidden_act', textEncoderConfigSchema, text, 'gelu_new'],
    ['model_type', textEncoderConfigSchema, text, 'bert'],
  ])('%s', (key, schema, config, value) => {
    expect(schema.safeParse(config).success).toBe(true);
    const parsed = schema.safeParse({ ...config, [key]: value });
    expect(parsed.error?.issues[0]?.path[0]).toBe(key);
  });
});
