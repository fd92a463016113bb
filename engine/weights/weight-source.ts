import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import {
  type CheckpointPart,
  diffusersUnetName,
  diffusersVaeName,
  layersPerBlock,
  partOf,
  renameTensors,
  vaeLevels,
} from './checkpoint-names.ts';
import { fromOpenClip, isOpenClip } from './open-clip-names.ts';
import { readSafetensors, type TensorRef } from './safetensors.ts';
import { type ShapeAuthority, WeightSet } from './weight-set.ts';

/** Where one network's weights lie. */
export interface WeightSource {
  /** The file, or the list of shards. */
  readonly file: string;
  /** The files that hold the weights together; absent where `file` holds them all. */
  readonly shards?: readonly string[];
  /** Who says what shapes the tensors have; default the config beside them. */
  readonly authority?: ShapeAuthority;
}

/** One network's tensors under diffusers' names, whichever way the file spells them; nothing but the header is read. */
export async function openWeights(network: CheckpointPart, source: WeightSource): Promise<WeightSet> {
  return new WeightSet(diffusersTensors(network, await readTensors(source)), source.file, source.authority);
}

/** The tensors of a file, or of all shards together. @throws EngineError when two shards hold the same one */
export async function readTensors({ file, shards }: WeightSource): Promise<ReadonlyMap<string, TensorRef>> {
  if (shards === undefined) return readSafetensors(file);
  const all = new Map<string, TensorRef>();
  for (const shard of shards) {
    for (const [name, tensor] of await readSafetensors(shard)) {
      if (all.has(name)) {
        throw new EngineError(
          'corrupt_file',
          `Two shards of ${displayPath(file)} hold the tensor "${name}"; download them again.`,
          { file, tensor: name },
        );
      }
      all.set(name, tensor);
    }
  }
  return all;
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
    case 'textEncoder2':
      return isOpenClip(own.keys()) ? fromOpenClip(own) : own;
  }
}
