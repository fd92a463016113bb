import type { UnetConfig } from '../model/configs.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import type { AdapterSlots } from './adapter-slots.ts';
import type { FeatureMap } from './layers.ts';
import { attention, beginUnet, block, DEEP_OUTPUT, finishUnet, type Parts, upLayer } from './unet-parts.ts';

/**
 * diffusers `UNet2DConditionModel` of Stable Diffusion 1, 2 and XL.
 * sample float32 [batch, in_channels, h, w], timestep float32 [batch],
 * encoder_hidden_states float32 [batch, tokens, cross_attention_dim], key_stride int64 [1] (see `TransformerOptions`),
 * and of XL pooled and size_ids (see `addedEmbedding`)
 * → out_sample [batch, out_channels, h, w], deep [batch, block_out_channels[0], h, w] (see `shallowUnetGraph`).
 */
export function unetGraph(
  config: UnetConfig,
  weights: WeightSet,
  target?: GraphTarget,
  adapters?: AdapterSlots,
): Uint8Array {
  const { parts, x: first } = beginUnet(config, weights, target, adapters);
  let x = first;
  const skips: FeatureMap[] = [x];
  for (const [i] of config.down_block_types.entries()) x = downBlock(parts, x, i, skips);
  x = midBlock(parts, x);
  let deep = x;
  for (const [i] of config.up_block_types.entries()) ({ x, deep } = upBlock(parts, x, i, skips));
  finishUnet(parts, x);
  parts.g.output(DEEP_OUTPUT, deep.value, ['batch', deep.channels, 'height', 'width']);
  return parts.g.build();
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

/** @returns `deep`: what the block's last layer takes */
function upBlock(
  parts: Parts,
  input: FeatureMap,
  i: number,
  skips: FeatureMap[],
): { readonly x: FeatureMap; readonly deep: FeatureMap } {
  const { config, layers } = parts;
  const level = config.block_out_channels.length - 1 - i;
  let x = input;
  let deep = input;
  for (let j = 0; j <= (config.layers_per_block[level] ?? 0); j += 1) {
    const skip = skips.pop();
    if (skip === undefined) throw new Error('the up path uses more skips than the down path made');
    deep = x;
    x = upLayer(parts, x, skip, i, j);
  }
  // At odd sizes the way down rounded up, so the way up takes its size from the skip that comes next.
  const next = skips.at(-1);
  if (next === undefined) return { x, deep };
  const name = `up_blocks.${i}.upsamplers.0.conv`;
  x = layers.conv(layers.upsampleNearest(x, next), name, config.block_out_channels[level] ?? 0);
  return { x, deep };
}
