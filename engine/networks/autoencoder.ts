import { isEngineError } from '../errors.ts';
import type { Decoder } from '../generation-spec.ts';
import { type Planes, runTiled } from '../latents/tiles.ts';
import type { Networks } from './networks.ts';

/** A larger picture goes through the VAE in tiles, however much memory there is: whole, this takes 4 GB already. */
export const MAX_WHOLE_PIXELS = 1024 * 1024;
/** Pixels. */
export const TILE_SIDE = 512;

export interface TileOptions {
  /** A picture of more pixels goes through the VAE in tiles. */
  readonly wholePixels: number;
  /** Is awaited before each run of the network; what it throws ends the work. */
  beforeTile(): Promise<void>;
}

export interface DecodeOptions extends TileOptions {
  /** @default 'full' */
  readonly decoder?: Decoder | undefined;
}

/** Whether the picture of these latents is too large to go through a decoder whole. */
export function isLarge(
  [, height, width]: Planes['shape'],
  vaeFactor: number,
  wholePixels = MAX_WHOLE_PIXELS,
): boolean {
  return height * width * vaeFactor ** 2 > wholePixels;
}

/** Final latents → [3, height, width], about −1…1. */
export async function decodeLatents(
  networks: Networks,
  latents: Planes,
  { wholePixels, beforeTile, decoder = 'full' }: DecodeOptions,
): Promise<Planes> {
  const { vaeFactor } = networks.model;
  const run = async ({ data, shape }: Planes) => {
    await beforeTile();
    const tiny = decoder === 'taesd' ? await networks.decodeTiny(data, shape) : undefined;
    return planes(tiny ?? (await networks.decode(data, shape)));
  };
  return wholeOrTiled(run, latents, {
    isLarge: (pixels) => isLarge(latents.shape, vaeFactor, pixels),
    wholePixels,
    inputSide: TILE_SIDE / vaeFactor,
    outputSide: TILE_SIDE,
  });
}

/** [3, height, width] in −1…1 → the posterior's mean and log variance, [2 · channels, height/8, width/8]. */
export async function encodePixels(
  networks: Networks,
  pixels: Planes,
  { wholePixels, beforeTile }: TileOptions,
): Promise<Planes> {
  const { vaeFactor } = networks.model;
  const run = async ({ data, shape: [, height, width] }: Planes) => {
    await beforeTile();
    return planes(await networks.encodeImage(data, [3, height, width]));
  };
  const [, height, width] = pixels.shape;
  return wholeOrTiled(run, pixels, {
    isLarge: (most) => height * width > most,
    wholePixels,
    inputSide: TILE_SIDE,
    outputSide: TILE_SIDE / vaeFactor,
  });
}

interface Tiling {
  /** Whether the picture has more pixels than these. */
  isLarge(pixels: number): boolean;
  readonly wholePixels: number;
  readonly inputSide: number;
  readonly outputSide: number;
}

/** A network's run for a picture, in tiles where it does not fit: a GPU's memory and largest buffer are not known beforehand. */
async function wholeOrTiled(
  run: (planes: Planes) => Promise<Planes>,
  planes: Planes,
  { isLarge, wholePixels, ...sides }: Tiling,
): Promise<Planes> {
  if (isLarge(wholePixels)) return runTiled(run, planes, sides);
  try {
    return await run(planes);
  } catch (error) {
    const isTooLarge = isEngineError(error) && error.code === 'out_of_memory';
    if (!isTooLarge || !isLarge(TILE_SIDE ** 2)) throw error;
    return runTiled(run, planes, sides);
  }
}

/** Of a batch of one. */
function planes({ data, shape }: { readonly data: Float32Array; readonly shape: readonly number[] }): Planes {
  const [, channels = 0, height = 0, width = 0] = shape;
  return { data, shape: [channels, height, width] };
}
