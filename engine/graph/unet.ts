import type { UnetConfig } from '../model/configs.ts';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import type { AdapterSlots } from './adapter-slots.ts';
import { type FeatureMap, Layers, type Tokens } from './layers.ts';
import { resnet } from './resnet.ts';
import { transformer2d } from './transformer.ts';

/**
 * diffusers `UNet2DConditionModel` of the Stable Diffusion 1 family.
 * sample float32 [batch, in_channels, h, w], timestep float32 [batch],
 * encoder_hidden_states float32 [batch, tokens, cross_attention_dim] → out_sample [batch, out_channels, h, w].
 */
export function unetGraph(
  config: UnetConfig,
  weights: WeightSet,
  target?: GraphTarget,
  adapters?: AdapterSlots,
): Uint8Array {
  const g = new GraphBuilder('unet', target);
  const sample = g.floatInput('sample', ['batch', config.in_channels, 'height', 'width']);
  const timestep = g.input('timestep', 'float32', ['batch']);
  const contextChannels = config.cross_attention_dim;
  const states = g.floatInput('encoder_hidden_states', ['batch', 'tokens', contextChannels]);

  const layers = new Layers(g, weights, sample, adapters);
  const context = layers.flatten(states, contextChannels);
  const time = timeEmbedding(layers, timestep, config);
  const parts: Parts = { layers, config, time, context };

  const first = config.block_out_channels[0] ?? 0;
  const centred = config.center_input_sample === true ? centre(g, sample) : sample;
  const input = { value: centred, channels: config.in_channels };
  let x = layers.conv(input, 'conv_in', first, { kernel: config.conv_in_kernel });
  const skips: FeatureMap[] = [x];
  for (const [i] of config.down_block_types.entries()) x = downBlock(parts, x, i, skips);
  x = midBlock(parts, x);
  for (const [i] of config.up_block_types.entries()) x = upBlock(parts, x, i, skips);

  x = layers.activate(layers.groupNorm(x, 'conv_norm_out', config.norm_num_groups, config.norm_eps), config.act_fn);
  x = layers.conv(x, 'conv_out', config.out_channels, { kernel: config.conv_out_kernel });
  g.output('out_sample', x.value, ['batch', config.out_channels, 'height', 'width']);
  return g.build();
}

interface Parts {
  readonly layers: Layers;
  readonly config: UnetConfig;
  readonly time: Tokens;
  readonly context: Tokens;
}

/** From 0…1 to −1…1. */
function centre(g: GraphBuilder, sample: Value): Value {
  return g.node('Sub', [g.node('Mul', [sample, g.floats([2], [1])]), g.floats([1], [1])]);
}

/**
 * Sinusoids (Vaswani et al. 2017), whose angles need all of float32, through two linear layers and the activations that
 * the config puts after them, then the one that every resnet begins with.
 */
function timeEmbedding(layers: Layers, timestep: Value, config: UnetConfig): Tokens {
  const g = layers.g;
  const channels = config.block_out_channels[0] ?? 0;
  const half = channels / 2;
  const frequencies = Float64Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(10_000) * i) / (half - config.freq_shift)),
  );
  const column = g.node('Reshape', [timestep, g.ints([-1, 1])]);
  const angles = g.node('Mul', [column, g.wideFloats(frequencies, [1, half])]);
  const sine = g.node('Sin', [angles]);
  const cosine = g.node('Cos', [angles]);
  const order = config.flip_sin_to_cos ? [cosine, sine] : [sine, cosine];
  const sinusoids: Tokens = { value: g.narrow(g.node('Concat', order, { axis: 1 })), channels };
  const width = config.time_embedding_dim ?? channels * 4;
  const wide = layers.activate(layers.linear(sinusoids, 'time_embedding.linear_1', width), config.act_fn);
  const embedded = layers.linear(wide, 'time_embedding.linear_2', width);
  const after = [config.timestep_post_act, config.time_embedding_act_fn, config.act_fn];
  return after.reduce<Tokens>(
    (x, name) => (name === null || name === undefined ? x : layers.activate(x, name)),
    embedded,
  );
}

function block({ layers, config, time }: Parts, x: FeatureMap, name: string, channels: number): FeatureMap {
  const { norm_num_groups: groups, norm_eps: epsilon, act_fn: activation } = config;
  return resnet(layers, x, name, { channels, groups, epsilon, activation, time });
}

function attention({ layers, config, context }: Parts, x: FeatureMap, name: string, level: number): FeatureMap {
  return transformer2d(layers, x, name, {
    heads: config.heads[level] ?? 1,
    groups: config.norm_num_groups,
    depth: config.transformer_layers_per_block[level] ?? 1,
    context,
  });
}

function downBlock(parts: Parts, input: FeatureMap, level: number, skips: FeatureMap[]): FeatureMap {
  const { config, layers } = parts;
  const name = `down_blocks.${level}`;
  const channels = config.block_out_channels[level] ?? 0;
  const crossAttends = config.down_block_types[level] === 'CrossAttnDownBlock2D';
  let x = input;
  for (let i = 0; i < (config.layers_per_block[level] ?? 0); i += 1) {
    x = block(parts, x, `${name}.resnets.${i}`, channels);
    if (crossAttends) x = attention(parts, x, `${name}.attentions.${i}`, level);
    skips.push(x);
  }
  if (level < config.down_block_types.length - 1) {
    const before = config.downsample_padding;
    x = layers.conv(x, `${name}.downsamplers.0.conv`, channels, { stride: 2, pads: [before, before, 1, 1] });
    skips.push(x);
  }
  return x;
}

function midBlock(parts: Parts, input: FeatureMap): FeatureMap {
  const { mid_block_type: type, block_out_channels: widths } = parts.config;
  if (type === null) return input;
  const level = widths.length - 1;
  const channels = input.channels;
  let x = block(parts, input, 'mid_block.resnets.0', channels);
  if (type === 'UNetMidBlock2D') return x;
  x = attention(parts, x, 'mid_block.attentions.0', level);
  return block(parts, x, 'mid_block.resnets.1', channels);
}

function upBlock(parts: Parts, input: FeatureMap, i: number, skips: FeatureMap[]): FeatureMap {
  const { config, layers } = parts;
  const level = config.block_out_channels.length - 1 - i;
  const name = `up_blocks.${i}`;
  const channels = config.block_out_channels[level] ?? 0;
  const crossAttends = config.up_block_types[i] === 'CrossAttnUpBlock2D';
  let x = input;
  for (let j = 0; j <= (config.layers_per_block[level] ?? 0); j += 1) {
    const skip = skips.pop();
    if (skip === undefined) throw new Error('the up path uses more skips than the down path made');
    const joined = layers.g.node('Concat', [x.value, skip.value], { axis: 1 });
    x = block(parts, { value: joined, channels: x.channels + skip.channels }, `${name}.resnets.${j}`, channels);
    if (crossAttends) x = attention(parts, x, `${name}.attentions.${j}`, level);
  }
  // At odd sizes the way down rounded up, so the way up takes its size from the skip that comes next.
  const next = skips.at(-1);
  if (next === undefined) return x;
  return layers.conv(layers.upsampleNearest(x, next), `${name}.upsamplers.0.conv`, channels);
}
