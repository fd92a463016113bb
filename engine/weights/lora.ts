import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngineError } from '../errors.ts';
import { notFinite } from './finite.ts';
import { foreignLora, layerKey, readLoraName } from './lora-names.ts';
import { readSafetensorsFile, type TensorRef } from './safetensors.ts';
import { readTensor } from './tensor-data.ts';

/** Low-rank changes of a model's layers (Hu et al. 2021): W + scale · up · down. Nothing but the header is read. */
export interface Lora {
  readonly file: string;
  /** Milliseconds: when the file was written. */
  readonly version: number;
  readonly unet: ReadonlyMap<string, LoraLayer>;
  readonly textEncoder: ReadonlyMap<string, LoraLayer>;
}

export interface LoraLayer {
  /** [rank, in], or [rank, in, k, k] of a convolution. */
  readonly down: TensorRef;
  /** [out, rank], or [out, rank, 1, 1]. */
  readonly up: TensorRef;
  /** alpha / rank; 1 where the file says nothing. */
  readonly scale: number;
}

interface Parts {
  down?: TensorRef;
  up?: TensorRef;
  alpha?: TensorRef;
}

/** @throws EngineError when the file is no LoRA of the Stable Diffusion 1 family, by what it is instead. */
export async function readLora(file: string): Promise<Lora> {
  const { tensors, metadata } = await readSafetensorsFile(file);
  const { architecture, kind } = foreignLora(tensors.keys());
  if (architecture !== undefined) {
    throw unfit(file, `is made for ${architecture} models; use one for Stable Diffusion 1.`);
  }
  if (kind !== undefined) throw unfit(file, `is a ${kind} network; Easel applies LoRA and LoCon ones.`);

  const found = { unet: new Map<string, Parts>(), textEncoder: new Map<string, Parts>() };
  for (const [name, ref] of tensors) {
    const read = readLoraName(name);
    if (read === undefined) throw unfit(file, `has a tensor "${name}", which is no part of a LoRA that Easel knows.`);
    const parts = found[read.network].get(read.layer) ?? {};
    parts[read.role] = ref;
    found[read.network].set(read.layer, parts);
  }
  const alphas = peftAlphas(metadata);
  const layers = async (network: 'unet' | 'textEncoder') => {
    const whole = new Map<string, LoraLayer>();
    for (const [layer, parts] of found[network])
      whole.set(layer, await wholeLayer(file, layer, parts, alphas[network]));
    return whole;
  };
  const { mtimeMs: version } = await stat(file);
  const lora = { file, version, unet: await layers('unet'), textEncoder: await layers('textEncoder') };
  if (lora.unet.size + lora.textEncoder.size === 0) throw unfit(file, 'changes no layer; it is empty.');
  return lora;
}

async function wholeLayer(
  file: string,
  layer: string,
  { down, up, alpha }: Parts,
  peftAlpha: (layer: string) => number | undefined,
): Promise<LoraLayer> {
  const rank = down?.shape[0];
  if (down === undefined || up === undefined || rank === undefined || rank === 0 || up.shape[1] !== rank) {
    throw unfit(file, `is incomplete: the two matrices of its layer "${layer}" do not belong together.`);
  }
  const value = alpha === undefined ? peftAlpha(layer) : (await readTensor(alpha))[0];
  if (value !== undefined && !Number.isFinite(value)) throw notFinite(alpha ?? down);
  return { down, up, scale: (value ?? rank) / rank };
}

/** PEFT keeps alpha in the metadata that diffusers writes, one for a network and some by layer. */
function peftAlphas(metadata: Readonly<Record<string, string>>) {
  const config = parseObject(metadata.lora_adapter_metadata ?? '{}');
  const of = (prefix: string) => (layer: string) => {
    const patterns = config[`${prefix}.alpha_pattern`];
    for (const [module, alpha] of Object.entries(isObject(patterns) ? patterns : {})) {
      if (layer.endsWith(layerKey(module)) && typeof alpha === 'number') return alpha;
    }
    const alpha = config[`${prefix}.lora_alpha`];
    return typeof alpha === 'number' ? alpha : undefined;
  };
  return { unet: of('unet'), textEncoder: of('text_encoder') };
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function unfit(file: string, what: string): EngineError {
  return new EngineError('unsupported_model', `The LoRA ${basename(file)} ${what}`, { file });
}
