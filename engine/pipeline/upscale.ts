import { resizePicture } from '../latents/pillow-resize.ts';
import { resample } from '../latents/resample.ts';
import { encodePixels, type TileOptions } from '../networks/autoencoder.ts';
import type { Networks } from '../networks/networks.ts';
import type { Latents, RgbImage } from '../picture.ts';
import type { ResampleMode } from '../upscale-settings.ts';
import { toPlanes } from './init-picture.ts';

/** Of whole latents. */
export function upscaledShape([channels, height, width]: Latents['shape'], factor: number): Latents['shape'] {
  return [channels, Math.round(height * factor), Math.round(width * factor)];
}

/** torch's `interpolate` of latents, without aligned corners. */
export function upscaleLatents({ data, shape }: Latents, enlarged: Latents['shape'], mode: ResampleMode): Latents {
  return { shape: enlarged, data: resample(data, shape, enlarged[1], enlarged[2], mode) };
}

/**
 * Enlarges pixels by the upscaler model of this name.
 * @param beforeTile is awaited before each call of the network; what it throws ends the work
 */
export type Enlarge = (upscaler: string, picture: RgbImage, beforeTile: () => Promise<void>) => Promise<RgbImage>;

/** A model is asked again where it makes less than is wanted, but not for ever: some enlarge by 1. */
const MAX_PASSES = 2;

/** By an upscaler model as far as it goes, then by Lanczos' filter to the very size. */
export async function upscaleByModel(
  picture: RgbImage,
  shape: Latents['shape'],
  vaeFactor: number,
  enlarge: (picture: RgbImage) => Promise<RgbImage>,
): Promise<RgbImage> {
  let larger = picture;
  for (let pass = 0; pass < MAX_PASSES && larger.width < shape[2] * vaeFactor; pass += 1)
    larger = await enlarge(larger);
  return upscalePixels(larger, shape, vaeFactor);
}

/** By Lanczos' filter over pixels, as Pillow has it. */
export function upscalePixels(picture: RgbImage, [, height, width]: Latents['shape'], vaeFactor: number): RgbImage {
  return resizePicture(picture, width * vaeFactor, height * vaeFactor, 'lanczos');
}

/** Pixels → the mean of the VAE's posterior, in the UNet's scale. */
export async function latentsOfPixels(networks: Networks, picture: RgbImage, tiles: TileOptions): Promise<Latents> {
  const { width, height } = picture;
  const { data, shape } = await encodePixels(networks, { data: toPlanes(picture), shape: [3, height, width] }, tiles);
  const channels = shape[0] / 2;
  const scale = networks.model.vae.scaling_factor;
  const mean = data.subarray(0, data.length / 2).map((value) => value * scale);
  return { data: mean, shape: [channels, shape[1], shape[2]] };
}
