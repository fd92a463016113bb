import { EngineError } from '../errors.ts';
import type { GenerationSpec } from '../generation-spec.ts';
import { encodePixels, type TileOptions } from '../networks/autoencoder.ts';
import type { Networks } from '../networks/networks.ts';
import type { InitPicture, RgbImage } from '../picture.ts';

type Shape = readonly [channels: number, height: number, width: number];

/** A picture to begin from, as the UNet sees it. */
export interface InitLatents {
  readonly shape: Shape;
  /** Mean and standard deviation of the VAE's posterior, [channels, height, width] each, in the UNet's scale. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** [height, width]; 1 is drawn again, 0 stays. */
  readonly mask: Float32Array | undefined;
}

/** What a model that was made for inpainting is told of each picture. */
export interface Surroundings {
  /** [height, width]; 1 is drawn again. */
  readonly mask: Float32Array;
  /** The picture with grey in place of what is masked: the VAE's posterior, as in `InitLatents`. */
  readonly around: Pick<InitLatents, 'mean' | 'deviation'>;
}

/** diffusers' DiagonalGaussianDistribution. */
const MIN_LOG_VARIANCE = -30;
const MAX_LOG_VARIANCE = 20;
/** Bytes from here on are white. */
const WHITE = 128;

/** @throws EngineError `bad_request` when the pixels are missing or of another size than the task */
export async function encodeInit(
  networks: Networks,
  spec: GenerationSpec,
  picture: InitPicture | undefined,
  shape: Shape,
  tiles: TileOptions,
): Promise<InitLatents> {
  if (picture === undefined) {
    throw new EngineError('bad_request', 'The init image did not come with the request; send it again.');
  }
  refuseOtherSize(picture, spec);
  return {
    shape,
    ...(await posteriorOf(networks, toPlanes(picture), shape, tiles)),
    mask: picture.mask === undefined ? undefined : shrinkMask(picture.mask, picture, shape),
  };
}

/**
 * What lies around the mask; without a mask all is drawn, and nothing lies around it.
 * @param picture of the size of `shape`'s pixels, checked before
 */
export async function encodeSurroundings(
  networks: Networks,
  picture: InitPicture | undefined,
  shape: Shape,
  tiles: TileOptions,
): Promise<Surroundings> {
  const [, height, width] = shape;
  const { vaeFactor } = networks.model;
  const mask = picture?.mask;
  if (picture === undefined || mask === undefined) {
    const grey = new Float32Array(3 * height * width * vaeFactor ** 2);
    return {
      mask: new Float32Array(height * width).fill(1),
      around: await posteriorOf(networks, grey, shape, tiles),
    };
  }
  const pixels = picture.width * picture.height;
  const around = toPlanes(picture).map((value, i) => ((mask[i % pixels] ?? 0) >= WHITE ? 0 : value));
  return { mask: shrinkMask(mask, picture, shape), around: await posteriorOf(networks, around, shape, tiles) };
}

/** @param planes [3, height, width] in −1…1 */
async function posteriorOf(
  networks: Networks,
  planes: Float32Array,
  shape: Shape,
  tiles: TileOptions,
): Promise<Pick<InitLatents, 'mean' | 'deviation'>> {
  const [channels, rows, columns] = shape;
  const { vae, vaeFactor } = networks.model;
  const sides = [3, rows * vaeFactor, columns * vaeFactor] as const;
  const { data } = await encodePixels(networks, { data: planes, shape: sides }, tiles);
  const size = channels * rows * columns;
  const scale = vae.scaling_factor;
  return {
    mean: data.slice(0, size).map((value) => value * scale),
    deviation: data.slice(size, 2 * size).map((value) => {
      const logVariance = Math.min(Math.max(value, MIN_LOG_VARIANCE), MAX_LOG_VARIANCE);
      return Math.exp(logVariance / 2) * scale;
    }),
  };
}

/** The reparameterised sample of Kingma & Welling 2014: mean + deviation · noise. */
export function sampleInit(
  { mean, deviation }: Pick<InitLatents, 'mean' | 'deviation'>,
  noise: Float32Array,
): Float32Array {
  return mean.map((value, i) => value + (deviation[i] ?? 0) * (noise[i] ?? 0));
}

/** `next` where the mask is white, `kept` where it is black. */
export function blend(mask: Float32Array, next: Float32Array, kept: Float32Array): Float32Array {
  return next.map((value, i) => {
    const share = mask[i % mask.length] ?? 0;
    return share * value + (1 - share) * (kept[i] ?? 0);
  });
}

function refuseOtherSize(picture: InitPicture, { width, height }: GenerationSpec): void {
  const pixels = width * height;
  const fits = picture.width === width && picture.height === height && picture.rgb.length === 3 * pixels;
  if (fits && (picture.mask === undefined || picture.mask.length === pixels)) return;
  throw new EngineError('bad_request', `The init image must be ${width}×${height}, the requested size.`);
}

/** Bytes of pixels → [3, height, width] in −1…1. */
export function toPlanes({ width, height, rgb }: RgbImage): Float32Array {
  const pixels = width * height;
  const planes = new Float32Array(3 * pixels);
  for (let i = 0; i < planes.length; i += 1) {
    planes[(i % 3) * pixels + Math.floor(i / 3)] = ((rgb[i] ?? 0) / 255) * 2 - 1;
  }
  return planes;
}

/** The nearest pixel counts, and it is black or white. */
function shrinkMask(mask: Uint8Array, { width, height }: InitPicture, [, rows, columns]: Shape): Float32Array {
  const small = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const from = Math.floor((y * height) / rows) * width + Math.floor((x * width) / columns);
      small[y * columns + x] = (mask[from] ?? 0) >= WHITE ? 1 : 0;
    }
  }
  return small;
}
