import type { UnetConfig } from '../model/configs.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import type { AdapterSlots } from './adapter-slots.ts';
import { beginUnet, DEEP_INPUT, finishUnet, upLayer } from './unet-parts.ts';

/**
 * The outermost layers of the UNet: the first convolution, and of the last up block the last layer with its skip. What
 * lies between them changes little from one step to the next, so it is taken from an earlier call (Ma et al. 2023,
 * "DeepCache").
 * The inputs of `unetGraph`, and deep_features [batch, block_out_channels[0], h, w], its output `deep` → out_sample.
 */
export function shallowUnetGraph(
  config: UnetConfig,
  weights: WeightSet,
  target?: GraphTarget,
  adapters?: AdapterSlots,
): Uint8Array {
  const { parts, x: skip } = beginUnet(config, weights, target, adapters);
  const { g } = parts;
  const channels = config.block_out_channels[0] ?? 0;
  const deep = { value: g.floatInput(DEEP_INPUT, ['batch', channels, 'height', 'width']), channels };
  const lastBlock = config.up_block_types.length - 1;
  finishUnet(parts, upLayer(parts, deep, skip, lastBlock, config.layers_per_block[0] ?? 0));
  return g.build();
}
