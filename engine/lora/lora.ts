import { stat } from 'node:fs/promises';
import type { FewStepSettings } from '../descriptions.ts';
import { SUPPORTED } from '../families/families.ts';
import { notFinite } from '../weights/finite.ts';
import { loraTitle, unfitLora } from '../weights/lora-errors.ts';
import { readSafetensorsFile, type TensorRef } from '../weights/safetensors.ts';
import { readScalar } from '../weights/tensor-data.ts';
import { fewStepsOf } from './few-steps.ts';
import { familyConflict, passedOver, unsupportedLora } from './lora-kinds.ts';
import { type LoraNetwork, type LoraRole, type LoraTensorName, loraRole, readLoraName } from './lora-names.ts';
import { type PeftScale, readPeftScales } from './peft-config.ts';

/** Low-rank changes of a model's layers (Hu et al. 2021): W + scale · up · down. Nothing but the header is read. */
export interface Lora {
  readonly file: string;
  /** Milliseconds: when the file was written. */
  readonly version: number;
  readonly unet: ReadonlyMap<string, LoraLayer>;
  readonly textEncoder: ReadonlyMap<string, LoraLayer>;
  /** Of Stable Diffusion XL. */
  readonly textEncoder2: ReadonlyMap<string, LoraLayer>;
  /** Present for one that makes a model draw in few steps. */
  readonly fewSteps?: FewStepSettings | undefined;
  /** What the file holds beside them and is left out, a sentence each. */
  readonly notes: readonly string[];
}

/** The change of one layer. */
export interface LoraLayer {
  /** [rank, in], or [rank, in, k, k] of a convolution. */
  readonly down: TensorRef;
  /** [out, rank], or [out, rank, 1, 1]. */
  readonly up: TensorRef;
  /** alpha / rank, or alpha / √rank where PEFT's configuration says so; 1 where the file says nothing. */
  readonly scale: number;
}

/** What of a model a LoRA must fit, as far as a file's header tells. */
export interface LoraTarget {
  /** Resnets a level of the UNet: CompVis' names count through them. */
  readonly layersPerBlock: number;
  /** Width of the text that the UNet attends to; undefined when any will do. */
  readonly textWidth?: number;
  /** Title of the model's family; undefined when any will do. */
  readonly family?: string;
}

type Parts = Partial<Record<LoraRole, TensorRef>>;

/** @throws EngineError when the file is no LoRA for the model, by what it is instead. */
export async function readLora(file: string, target: LoraTarget): Promise<Lora> {
  const { tensors, metadata } = await readSafetensorsFile(file);
  const { architecture, kind } = unsupportedLora(tensors.keys(), target.family);
  if (architecture !== undefined) {
    throw unfitLora(file, `is made for ${architecture} models; use one for ${target.family ?? SUPPORTED}.`);
  }
  if (kind !== undefined) throw unfitLora(file, `is a ${kind} network; Easel supports LoRA and LoCon.`);

  const found = {
    unet: new Map<string, Parts>(),
    textEncoder: new Map<string, Parts>(),
    textEncoder2: new Map<string, Parts>(),
  };
  const others: string[] = [];
  const copies: (readonly [LoraTensorName, TensorRef])[] = [];
  const keep = ({ network, layer, role }: LoraTensorName, ref: TensorRef) => {
    const parts = found[network].get(layer) ?? {};
    parts[role] ??= ref;
    found[network].set(layer, parts);
  };
  for (const [name, ref] of tensors) {
    const read = readLoraName(name, target.layersPerBlock);
    if (read === undefined) {
      if (isMatrix(name)) throw unknownTensor(file, name);
      others.push(name);
    } else if (read.isCompVis) copies.push([read, ref]);
    else keep(read, ref);
  }
  for (const [read, ref] of copies) keep(read, ref);
  const scales = await readPeftScales(file, metadata);
  const layers = async (network: LoraNetwork) => {
    const whole = new Map<string, LoraLayer>();
    for (const [layer, parts] of found[network]) {
      // An alpha alone changes nothing.
      if (parts.down === undefined && parts.up === undefined) continue;
      whole.set(layer, await wholeLayer(file, layer, parts, scales[network]));
    }
    return whole;
  };
  const unet = await layers('unet');
  const textEncoder = await layers('textEncoder');
  const textEncoder2 = await layers('textEncoder2');
  if (unet.size + textEncoder.size + textEncoder2.size === 0) {
    throw others[0] === undefined ? unfitLora(file, 'is empty: it changes no layer.') : unknownTensor(file, others[0]);
  }
  const conflict = target.textWidth === undefined ? undefined : familyConflict(textWidthOf(unet), target.textWidth);
  if (conflict !== undefined) throw unfitLora(file, conflict);
  const { mtimeMs: version } = await stat(file);
  const fewSteps = fewStepsOf(file, metadata);
  return { file, version, unet, textEncoder, textEncoder2, fewSteps, notes: passedOver(loraTitle(file), others) };
}

function isMatrix(name: string): boolean {
  const role = loraRole(name);
  return role === 'down' || role === 'up';
}

async function wholeLayer(
  file: string,
  layer: string,
  { down, up, alpha }: Parts,
  peft: PeftScale,
): Promise<LoraLayer> {
  const rank = down?.shape[0];
  if (down === undefined || up === undefined || rank === undefined || rank === 0 || up.shape[1] !== rank) {
    throw unfitLora(file, `is incomplete: the two matrices of its layer "${layer}" do not belong together.`);
  }
  // As in diffusers, a configuration counts before alphas of layers.
  const strength = peft.alphaOf(layer) ?? (alpha === undefined ? undefined : await readScalar(alpha));
  const scale = strength === undefined ? 1 : strength / (peft.isRankStabilized ? Math.sqrt(rank) : rank);
  if (!Number.isFinite(scale)) throw notFinite(alpha ?? down);
  return { down, up, scale };
}

/** Width of the text that the LoRA's UNet attends to; undefined when it changes nothing there. */
function textWidthOf(unet: ReadonlyMap<string, LoraLayer>): number | undefined {
  for (const [layer, { down }] of unet) if (/_attn2_to_[kv]$/.test(layer)) return down.shape[1];
  return undefined;
}

function unknownTensor(file: string, name: string) {
  return unfitLora(file, `has a tensor "${name}", which Easel does not know as part of a LoRA.`);
}
