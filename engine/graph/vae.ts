import type { VaeConfig } from '../model/configs.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { type FeatureMap, Layers } from './layers.ts';
import { resnet } from './resnet.ts';

/** diffusers `AutoencoderKL` (Rombach et al. 2022, section 3.1). Everywhere in it GroupNorm has this epsilon. */
const NORM_EPSILON = 1e-6;

/** latents float32 [batch, latent_channels, h, w], unscaled → image [batch, 3, 8h, 8w], about −1…1. */
export function vaeDecoderGraph(config: VaeConfig, weights: WeightSet, target?: GraphTarget): Uint8Array {
  const g = new GraphBuilder('vae_decoder', target);
  const latent = config.latent_channels;
  const input = g.floatInput('latents', ['batch', latent, 'height', 'width']);
  const layers = new Layers(g, weights, input);
  const widths = [...config.block_out_channels].reverse();

  let x: FeatureMap = { value: input, channels: latent };
  if (config.use_post_quant_conv) x = layers.conv(x, 'post_quant_conv', latent, { kernel: 1 });
  x = layers.conv(x, 'decoder.conv_in', widths[0] ?? 0);
  x = midBlock(layers, x, 'decoder.mid_block', config);
  for (const [i, channels] of widths.entries()) {
    for (let j = 0; j <= config.layers_per_block; j += 1) {
      x = vaeResnet(layers, x, `decoder.up_blocks.${i}.resnets.${j}`, channels, config);
      if (config.decoderAttends[i]) x = selfAttention(layers, x, `decoder.up_blocks.${i}.attentions.${j}`, config);
    }
    if (i < widths.length - 1) {
      x = layers.conv(layers.upsampleNearest(x), `decoder.up_blocks.${i}.upsamplers.0.conv`, channels);
    }
  }
  x = layers.silu(layers.groupNorm(x, 'decoder.conv_norm_out', config.norm_num_groups, NORM_EPSILON));
  x = layers.conv(x, 'decoder.conv_out', config.out_channels);
  g.output('image', x.value, ['batch', config.out_channels, 'image_height', 'image_width']);
  return g.build();
}

/** image float32 [batch, 3, H, W] in −1…1 → moments [batch, 2 · latent_channels, H/8, W/8]: mean, then log variance. */
export function vaeEncoderGraph(config: VaeConfig, weights: WeightSet, target?: GraphTarget): Uint8Array {
  const g = new GraphBuilder('vae_encoder', target);
  const input = g.floatInput('image', ['batch', config.in_channels, 'image_height', 'image_width']);
  const layers = new Layers(g, weights, input);
  const widths = config.block_out_channels;
  const moments = 2 * config.latent_channels;

  let x = layers.conv({ value: input, channels: config.in_channels }, 'encoder.conv_in', widths[0] ?? 0);
  for (const [i, channels] of widths.entries()) {
    for (let j = 0; j < config.layers_per_block; j += 1) {
      x = vaeResnet(layers, x, `encoder.down_blocks.${i}.resnets.${j}`, channels, config);
      if (config.encoderAttends[i]) x = selfAttention(layers, x, `encoder.down_blocks.${i}.attentions.${j}`, config);
    }
    if (i < widths.length - 1) {
      // The reference pads below and to the right only.
      const pads = [0, 0, 1, 1];
      x = layers.conv(x, `encoder.down_blocks.${i}.downsamplers.0.conv`, channels, { stride: 2, pads });
    }
  }
  x = midBlock(layers, x, 'encoder.mid_block', config);
  x = layers.silu(layers.groupNorm(x, 'encoder.conv_norm_out', config.norm_num_groups, NORM_EPSILON));
  x = layers.conv(x, 'encoder.conv_out', moments);
  if (config.use_quant_conv) x = layers.conv(x, 'quant_conv', moments, { kernel: 1 });
  g.output('moments', x.value, ['batch', moments, 'height', 'width']);
  return g.build();
}

function vaeResnet(layers: Layers, x: FeatureMap, name: string, channels: number, config: VaeConfig): FeatureMap {
  const { norm_num_groups: groups, act_fn: activation } = config;
  return resnet(layers, x, name, { channels, groups, epsilon: NORM_EPSILON, activation });
}

function midBlock(layers: Layers, input: FeatureMap, name: string, config: VaeConfig): FeatureMap {
  let x = vaeResnet(layers, input, `${name}.resnets.0`, input.channels, config);
  if (config.mid_block_add_attention) x = selfAttention(layers, x, `${name}.attentions.0`, config);
  return vaeResnet(layers, x, `${name}.resnets.1`, input.channels, config);
}

/** One head over all pixels. Published files use either of two spellings for its projections. */
function selfAttention(layers: Layers, x: FeatureMap, name: string, config: VaeConfig): FeatureMap {
  const normal = layers.groupNorm(x, `${name}.group_norm`, config.norm_num_groups, NORM_EPSILON);
  const tokens = layers.toTokens(normal);
  const project = (...spellings: string[]) =>
    layers.linear(
      tokens,
      spellings.map((part) => `${name}.${part}`),
      x.channels,
    );
  const attended = layers.attention(project('to_q', 'query'), project('to_k', 'key'), project('to_v', 'value'), 1);
  const out = layers.linear(attended, [`${name}.to_out.0`, `${name}.proj_attn`], x.channels);
  return layers.add(x, layers.toFeatureMap(out, x));
}
