import { SIZE_IDS, type UnetConfig } from '../model/configs.ts';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import type { AdapterSlots } from './adapter-slots.ts';
import { type FeatureMap, Layers, type Tokens } from './layers.ts';
import { resnet } from './resnet.ts';
import { transformer2d } from './transformer.ts';

/** The pieces of diffusers' `UNet2DConditionModel` of which `unet.ts` and `shallow-unet.ts` make their graphs. */

/** A graph under way, and what all its blocks need. */
export interface Parts {
  readonly g: GraphBuilder;
  readonly layers: Layers;
  readonly config: UnetConfig;
  readonly time: Tokens;
  readonly context: Tokens;
  /** See `TransformerOptions`. */
  readonly keyStride: Value;
}

/** Names of the inputs and outputs that calls may leave out or ask for. */
export const DEEP_OUTPUT = 'deep';
export const DEEP_INPUT = 'deep_features';
export const KEY_STRIDE_INPUT = 'key_stride';
export const POOLED_INPUT = 'pooled';
export const SIZE_IDS_INPUT = 'size_ids';

/** The inputs that both graphs have, and the first convolution. */
export function beginUnet(
  config: UnetConfig,
  weights: WeightSet,
  target?: GraphTarget,
  adapters?: AdapterSlots,
): { readonly parts: Parts; readonly x: FeatureMap } {
  const g = new GraphBuilder('unet', target);
  const sample = g.floatInput('sample', ['batch', config.in_channels, 'height', 'width']);
  const timestep = g.input('timestep', 'float32', ['batch']);
  const contextChannels = config.cross_attention_dim;
  const states = g.floatInput('encoder_hidden_states', ['batch', 'tokens', contextChannels]);
  const keyStride = g.input(KEY_STRIDE_INPUT, 'int64', [1]);

  const layers = new Layers(g, weights, sample, adapters);
  const context = layers.flatten(states, contextChannels);
  const time = activateTime(layers, addedEmbedding(layers, timeEmbedding(layers, timestep, config), config), config);
  const centred = config.center_input_sample === true ? centre(g, sample) : sample;
  const input = { value: centred, channels: config.in_channels };
  const x = layers.conv(input, 'conv_in', config.block_out_channels[0] ?? 0, { kernel: config.conv_in_kernel });
  return { parts: { g, layers, config, time, context, keyStride }, x };
}

/** The last convolution, and the output. */
export function finishUnet({ g, layers, config }: Parts, x: FeatureMap): void {
  const normal = layers.groupNorm(x, 'conv_norm_out', config.norm_num_groups, config.norm_eps);
  const activated = layers.activate(normal, config.act_fn);
  const out = layers.conv(activated, 'conv_out', config.out_channels, { kernel: config.conv_out_kernel });
  g.output('out_sample', out.value, ['batch', config.out_channels, 'height', 'width']);
}

/** Layer `j` of up block `i`, which takes a skip of the way down. */
export function upLayer(parts: Parts, x: FeatureMap, skip: FeatureMap, i: number, j: number): FeatureMap {
  const { config, layers } = parts;
  const level = config.block_out_channels.length - 1 - i;
  const name = `up_blocks.${i}`;
  const joined = layers.g.node('Concat', [x.value, skip.value], { axis: 1 });
  const both = { value: joined, channels: x.channels + skip.channels };
  const drawn = block(parts, both, `${name}.resnets.${j}`, config.block_out_channels[level] ?? 0);
  return config.up_block_types[i] === 'CrossAttnUpBlock2D'
    ? attention(parts, drawn, `${name}.attentions.${j}`, level)
    : drawn;
}

/** The level, counted from the largest, at which self-attention sees the most pixels. */
function largestAttending({ down_block_types: types }: UnetConfig): number {
  return types.indexOf('CrossAttnDownBlock2D');
}

/** From 0…1 to −1…1. */
function centre(g: GraphBuilder, sample: Value): Value {
  return g.node('Sub', [g.node('Mul', [sample, g.floats([2], [1])]), g.floats([1], [1])]);
}

/** Sinusoids (Vaswani et al. 2017) through two linear layers. */
function timeEmbedding(layers: Layers, timestep: Value, config: UnetConfig): Tokens {
  const sinusoids = sinusoidsOf(layers.g, timestep, config.block_out_channels[0] ?? 0, config);
  const embedded = embed(layers, sinusoids, 'time_embedding', config);
  const { timestep_post_act: after } = config;
  return after === null || after === undefined ? embedded : layers.activate(embedded, after);
}

/**
 * Of each number in `values` sines and cosines, whose angles need all of float32.
 * @param values float32 of any shape, one number a row
 * @returns [rows, channels]
 */
function sinusoidsOf(
  g: GraphBuilder,
  values: Value,
  channels: number,
  { freq_shift: shift, flip_sin_to_cos: isFlipped }: UnetConfig,
): Tokens {
  const half = channels / 2;
  const frequencies = Float64Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10_000) * i) / (half - shift)));
  const column = g.node('Reshape', [values, g.ints([-1, 1])]);
  const angles = g.node('Mul', [column, g.wideFloats(frequencies, [1, half])]);
  const sine = g.node('Sin', [angles]);
  const cosine = g.node('Cos', [angles]);
  const order = isFlipped ? [cosine, sine] : [sine, cosine];
  return { value: g.narrow(g.node('Concat', order, { axis: 1 })), channels };
}

/** Through the two linear layers of an embedding. */
function embed(layers: Layers, x: Tokens, name: string, config: UnetConfig): Tokens {
  const width = config.time_embedding_dim ?? (config.block_out_channels[0] ?? 0) * 4;
  const wide = layers.activate(layers.linear(x, `${name}.linear_1`, width), config.act_fn);
  return layers.linear(wide, `${name}.linear_2`, width);
}

/**
 * The time embedding and, where the UNet is told the pooled text and the picture's size (Podell et al. 2023, section 2.2),
 * theirs: inputs pooled float32 [batch, width] and size_ids float32 [batch, 6].
 */
function addedEmbedding(layers: Layers, time: Tokens, config: UnetConfig): Tokens {
  const { addition } = config;
  if (addition === undefined) return time;
  const g = layers.g;
  const pooled = g.floatInput(POOLED_INPUT, ['batch', addition.textWidth]);
  const sizes = sinusoidsOf(g, g.input(SIZE_IDS_INPUT, 'float32', ['batch', SIZE_IDS]), addition.timeWidth, config);
  const flat = g.node('Reshape', [sizes.value, g.ints([-1, SIZE_IDS * addition.timeWidth])]);
  const both = { value: g.node('Concat', [pooled, flat], { axis: 1 }), channels: inputWidth(addition) };
  return layers.add(time, embed(layers, both, 'add_embedding', config));
}

function inputWidth({ textWidth, timeWidth }: NonNullable<UnetConfig['addition']>): number {
  return textWidth + SIZE_IDS * timeWidth;
}

/** The activation that the config puts after all embeddings, then the one that every resnet begins with. */
function activateTime(layers: Layers, embedded: Tokens, config: UnetConfig): Tokens {
  const { time_embedding_act_fn: after, act_fn: first } = config;
  return layers.activate(after === null || after === undefined ? embedded : layers.activate(embedded, after), first);
}

/** A resnet that knows the timestep. */
export function block({ layers, config, time }: Parts, x: FeatureMap, name: string, channels: number): FeatureMap {
  const { norm_num_groups: groups, norm_eps: epsilon, act_fn: activation } = config;
  return resnet(layers, x, name, { channels, groups, epsilon, activation, time });
}

/** The transformer of a level, which attends to the text. */
export function attention(
  { layers, config, context, keyStride }: Parts,
  x: FeatureMap,
  name: string,
  level: number,
): FeatureMap {
  return transformer2d(layers, x, name, {
    heads: config.heads[level] ?? 1,
    groups: config.norm_num_groups,
    depth: config.transformer_layers_per_block[level] ?? 1,
    context,
    inFloat32: config.upcast_attention === true,
    keyStride: level === largestAttending(config) ? keyStride : undefined,
  });
}
