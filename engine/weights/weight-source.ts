import {
  type CheckpointPart,
  diffusersUnetName,
  diffusersVaeName,
  layersPerBlock,
  partOf,
  renameTensors,
  vaeLevels,
} from './checkpoint-names.ts';
import { readSafetensors, type TensorRef } from './safetensors.ts';
import { type ShapeAuthority, WeightSet } from './weight-set.ts';

/** Where one network's weights lie. */
export interface WeightSource {
  readonly file: string;
  /** Who says what shapes the tensors have; default the config beside them. */
  readonly authority?: ShapeAuthority;
}

/** One network's tensors under diffusers' names, whichever way the file spells them; nothing but the header is read. */
export async function openWeights(network: CheckpointPart, source: WeightSource): Promise<WeightSet> {
  const tensors = await readSafetensors(source.file);
  return new WeightSet(diffusersTensors(network, tensors), source.file, source.authority);
}

/** @param tensors of a whole checkpoint, or of one network alone. */
export function diffusersTensors(
  network: CheckpointPart,
  tensors: ReadonlyMap<string, TensorRef>,
): ReadonlyMap<string, TensorRef> {
  const part = partOf(tensors, network);
  const own = part.size === 0 ? tensors : part;
  switch (network) {
    case 'unet': {
      const layers = layersPerBlock(own.keys());
      return layers === undefined ? own : renameTensors(own, (name) => diffusersUnetName(name, layers));
    }
    case 'vae': {
      const levels = vaeLevels(own.keys());
      return renameTensors(own, (name) => diffusersVaeName(name, levels));
    }
    case 'textEncoder':
      return own;
  }
}
