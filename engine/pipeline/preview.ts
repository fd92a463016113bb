import type { Model } from '../model/model.ts';
import { isLarge } from '../networks/autoencoder.ts';
import type { Networks } from '../networks/networks.ts';
import type { RgbImage } from '../picture.ts';

type Shape = readonly [channels: number, height: number, width: number];

/** By the Tiny AutoEncoder where the model has one and the picture is not too large for it, else a pixel a latent. */
export async function preview(networks: Networks, estimate: Float32Array, shape: Shape): Promise<RgbImage> {
  const { model: folder } = networks;
  const tiny = isLarge(shape, folder.vaeFactor) ? undefined : await networks.decodeTiny(estimate, shape);
  if (tiny === undefined) return pixelALatent(folder, estimate, shape);
  return toRgb(tiny.data, tiny.shape[3] ?? 0, tiny.shape[2] ?? 0);
}

/** One pixel a latent: no network, microseconds. */
function pixelALatent(
  { family, recommendation }: Model,
  latents: Float32Array,
  [channels, height, width]: Shape,
): RgbImage {
  const { latentRgb: own, latentRgbBias } = recommendation;
  const { rgb: factors, rgbBias } = own === undefined ? family.latents : { rgb: own, rgbBias: [0, 0, 0] };
  const bias = latentRgbBias ?? rgbBias;
  const plane = height * width;
  const rgb = new Uint8Array(plane * 3);
  for (let pixel = 0; pixel < plane; pixel += 1) {
    for (let color = 0; color < 3; color += 1) {
      let value = bias[color] ?? 0;
      for (let c = 0; c < channels; c += 1) value += (latents[c * plane + pixel] ?? 0) * (factors[c]?.[color] ?? 0);
      rgb[pixel * 3 + color] = toByte(value);
    }
  }
  return { width, height, rgb };
}

/** Planes [3, H, W] in −1…1 → interleaved bytes, rounded as diffusers rounds. */
export function toRgb(planes: Float32Array, width: number, height: number): RgbImage {
  const plane = width * height;
  const rgb = new Uint8Array(plane * 3);
  for (let pixel = 0; pixel < plane; pixel += 1) {
    for (let color = 0; color < 3; color += 1) rgb[pixel * 3 + color] = toByte(planes[color * plane + pixel] ?? 0);
  }
  return { width, height, rgb };
}

function toByte(value: number): number {
  return Math.round(Math.min(Math.max(value / 2 + 0.5, 0), 1) * 255);
}
