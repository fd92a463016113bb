import type { Activation } from '../model/configs.ts';
import type { FeatureMap, Layers, Tokens } from './layers.ts';

export interface ResnetOptions {
  readonly channels: number;
  readonly groups: number;
  readonly epsilon: number;
  readonly activation: Activation;
  /** The time embedding after the activation, one row a picture; the VAE has none. */
  readonly time?: Tokens;
}

/** diffusers `ResnetBlock2D`: norm, activation, conv, + time, norm, activation, conv, + shortcut. */
export function resnet(layers: Layers, x: FeatureMap, name: string, options: ResnetOptions): FeatureMap {
  const { channels, groups, epsilon, activation, time } = options;
  let h = layers.activate(layers.groupNorm(x, `${name}.norm1`, groups, epsilon), activation);
  h = layers.conv(h, `${name}.conv1`, channels);
  if (time !== undefined) {
    const shift = layers.linear(time, `${name}.time_emb_proj`, channels);
    const value = layers.g.node('Reshape', [shift.value, layers.g.ints([-1, channels, 1, 1])]);
    h = layers.add(h, { value, channels });
  }
  h = layers.activate(layers.groupNorm(h, `${name}.norm2`, groups, epsilon), activation);
  h = layers.conv(h, `${name}.conv2`, channels);
  const shortcut = x.channels === channels ? x : layers.conv(x, `${name}.conv_shortcut`, channels, { kernel: 1 });
  return layers.add(shortcut, h);
}
