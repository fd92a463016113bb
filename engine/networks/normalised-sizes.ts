import type { UnetConfig, VaeConfig } from '../model/configs.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { UnetCall } from './unet-call.ts';

/** Sizes of the largest tensors that the networks normalise, which `LargestTensor` bounds. */

const FLOAT = 4;
const HALF = 2;

/**
 * Bytes of the largest tensor that a UNet gives to LayerNormalization or, with plain attention, to Softmax, for each row.
 * @param call whose size, text and stride of keys count
 */
export function unetBytesPerRow(config: UnetConfig, target: GraphTarget, call: UnetCall): number {
  const { shape, batch, context, keyStride = 1 } = call;
  const [, height, width] = shape;
  const bytes = bytesOf(target);
  const scoreBytes = config.upcast_attention === true ? FLOAT : bytes;
  const words = context.length / batch / config.cross_attention_dim;
  let largest = 0;
  let isFirst = true;
  for (const [level, type] of config.down_block_types.entries()) {
    if (type !== 'CrossAttnDownBlock2D') continue;
    const side = (pixels: number) => Math.ceil(pixels / 2 ** level);
    const tokens = side(height) * side(width);
    const keys = isFirst ? Math.ceil(side(height) / keyStride) * Math.ceil(side(width) / keyStride) : tokens;
    isFirst = false;
    largest = Math.max(largest, tokens * (config.block_out_channels[level] ?? 0) * bytes);
    if (target.attention === 'fused') continue;
    largest = Math.max(largest, (config.heads[level] ?? 1) * tokens * Math.max(keys, words) * scoreBytes);
  }
  return largest;
}

/** Bytes of the scores of all pixels of the latents against all in a VAE, which plain attention gives to Softmax. */
export function vaeBytes(config: VaeConfig, target: GraphTarget, height: number, width: number): number {
  if (target.attention === 'fused' || !config.mid_block_add_attention) return 0;
  return (height * width) ** 2 * bytesOf(target);
}

function bytesOf({ precision }: GraphTarget): number {
  return precision === 'float16' ? HALF : FLOAT;
}
