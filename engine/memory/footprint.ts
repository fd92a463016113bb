import type { WindowRules } from '../latents/windows.ts';
import { isInpainting, type Model, textWidth } from '../model/model.ts';
import type { TensorRef } from '../weights/safetensors.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { openWeights, readTensors } from '../weights/weight-source.ts';

/** What a model takes of memory on a CPU, in bytes, and of time. */
export interface Footprint {
  /** Weights in float32, whatever they are stored in; with int8 those of matrix products and convolutions in 8 bits. */
  readonly textEncoders: readonly number[];
  readonly unet: number;
  /** What those would take in int8; absent where they do. */
  readonly inInt8?: { readonly textEncoders: readonly number[]; readonly unet: number };
  readonly vaeDecoder: number;
  readonly vaeEncoder: number;
  /** 0 where the model has none. */
  readonly safetyChecker: number;
  /** What the UNet computes with, for each row of a call and each latent in it. */
  readonly unetPerLatent: number;
  /** What the VAE computes with, for each pixel. */
  readonly vaePerPixel: number;
  /** Multiply-adds of a row of a UNet call, for each latent in it: of its weights, without attention itself. */
  readonly unetWorkPerLatent: number;
  /** Pixels per latent, on each side. */
  readonly vaeFactor: number;
  /** Whether every picture needs the VAE's encoder, and not only one that begins from another. */
  readonly alwaysEncodes: boolean;
  /** When a picture is drawn in windows. */
  readonly windows: WindowRules;
  /** The embedding of one chunk of a prompt. */
  readonly textChunk: number;
}

const FLOAT = 4;
/**
 * Floats that are alive at once, as a multiple of the first level's channels, for each latent of the UNet and each pixel
 * of the VAE. Measured on a v1-4 of real size, at 512×512 and more (docs/memory.md): attention holds no scores of all
 * tokens against all, so that both grow with the area.
 */
const UNET_LIVE_FLOATS = 42;
const VAE_LIVE_FLOATS = 10.5;

/**
 * From the headers of its files and its configuration.
 * @param isInt8 whether the text encoder and the UNet run in int8
 * @throws EngineError when a file cannot be read
 */
export async function readFootprint(model: Model, isInt8 = false): Promise<Footprint> {
  const [texts, unet, vae] = await Promise.all([
    Promise.all(model.textEncoders.map(({ network, weights }) => openWeights(network, weights))),
    openWeights('unet', model.weights.unet),
    openWeights('vae', model.weights.vae),
  ]);
  const checker = model.safetyChecker && (await readTensors(model.safetyChecker));
  return {
    textEncoders: texts.map((text) => (isInt8 ? int8BytesOf(text) : bytesOf(text))),
    unet: isInt8 ? int8BytesOf(unet) : bytesOf(unet),
    ...(!isInt8 && { inInt8: { textEncoders: texts.map(int8BytesOf), unet: int8BytesOf(unet) } }),
    vaeDecoder: bytesOf(vae, (name) => !isEncoder(name)),
    vaeEncoder: bytesOf(vae, isEncoder),
    safetyChecker: checker === undefined ? 0 : bytesOf({ entries: () => [...checker] }),
    unetPerLatent: (model.unet.block_out_channels[0] ?? 0) * FLOAT * UNET_LIVE_FLOATS,
    unetWorkPerLatent: workPerLatent(unet, model.unet.block_out_channels.length),
    vaePerPixel: (model.vae.block_out_channels[0] ?? 0) * FLOAT * VAE_LIVE_FLOATS,
    vaeFactor: model.vaeFactor,
    alwaysEncodes: isInpainting(model),
    windows: model.family.latents,
    textChunk: model.textEncoders[0].config.max_position_embeddings * textWidth(model) * FLOAT,
  };
}

/** A weight is used once for each pixel of its level, and each level has a quarter of the pixels of the one before. */
function workPerLatent(unet: WeightSet, levels: number): number {
  const levelOf = (name: string): number => {
    const [, side, block] = /^(down|up)_blocks\.(\d+)\./.exec(name) ?? [];
    if (side === 'down') return Number(block);
    if (side === 'up') return levels - 1 - Number(block);
    return name.startsWith('mid_block.') ? levels - 1 : 0;
  };
  const isOfText = (name: string) => /\.attn2\.to_[kv]\.|^(time|add)_embedding\./.test(name);
  return unet.entries().reduce((sum, [name, { shape }]) => {
    if (shape.length < 2 || isOfText(name)) return sum;
    return sum + shape.reduce((product, side) => product * side, 1) / 4 ** levelOf(name);
  }, 0);
}

function isEncoder(name: string): boolean {
  return name.startsWith('encoder.') || name.startsWith('quant_conv.');
}

/** Vectors and tables of embeddings stay float32. */
function int8BytesOf(weights: WeightSet): number {
  const isProduct = ({ name, shape }: TensorRef) => shape.length > 1 && !name.includes('embedding');
  return bytesOf(weights) - (FLOAT - 1) * floatsOf(weights.all().filter(isProduct));
}

function bytesOf(weights: Pick<WeightSet, 'entries'>, belongs: (name: string) => boolean = () => true): number {
  return FLOAT * floatsOf(weights.entries().flatMap(([name, tensor]) => (belongs(name) ? [tensor] : [])));
}

function floatsOf(tensors: readonly TensorRef[]): number {
  return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
}
