import { basename } from 'node:path';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import type { ModelFamily } from '../families/model-family.ts';
import { unsupportedModel } from '../families/other-architectures.ts';
import { type CheckpointPart, partOf } from '../weights/checkpoint-names.ts';
import type { FileKind } from '../weights/file-kind.ts';
import { pickleError } from '../weights/pickle.ts';
import type { TensorRef } from '../weights/safetensors.ts';
import { type SeparateVae, VAE_ENDING } from './separate-vae.ts';

/** The family of a whole checkpoint. @throws EngineError naming what any other file is, and where it belongs */
export function checkpointFamily(file: string, found: FileKind): ModelFamily {
  const refuse = (what: string) =>
    new EngineError('unsupported_model', `${displayPath(file)} is ${what}`, { file, kind: found.kind });
  switch (found.kind) {
    case 'checkpoint':
      return found.family;
    case 'foreign':
      throw unsupportedModel(file, found.title);
    case 'lora':
      throw refuse(
        'a LoRA, not a whole model; put it into a folder "Lora" beside the model and write <lora:NAME> in a prompt.',
      );
    case 'embedding':
      throw refuse('a textual inversion, not a whole model; put it into a folder "embeddings" beside the model.');
    case 'vae':
      throw refuse('a VAE, not a whole model; give it the name of its model, with the extension .vae.safetensors.');
    case 'unet':
      throw refuse('a UNet alone, without text encoder and VAE; use a whole Stable Diffusion checkpoint.');
    case 'unknown':
      throw refuse('not a Stable Diffusion checkpoint that Easel knows; use a whole Stable Diffusion model.');
  }
}

/** What the sentences call the text encoders of a file. */
const TEXT_NAMES: readonly (readonly [CheckpointPart, string])[] = [
  ['textEncoder', 'text encoder'],
  ['textEncoder2', 'second text encoder (conditioner.embedders.1)'],
];

/**
 * A file without a text encoder or a VAE is not damaged: it was made to be used with others.
 * @throws EngineError naming the part that is missing, and what to do
 */
export function refuseMissingParts(
  file: string,
  family: ModelFamily,
  tensors: ReadonlyMap<string, TensorRef>,
  separate: SeparateVae,
): void {
  const lack = (what: string) =>
    new EngineError('unsupported_model', `${displayPath(file)} holds no ${what}`, { file });
  for (const [part, name] of TEXT_NAMES.slice(0, family.text.encoders.length)) {
    if (partOf(tensors, part).size === 0) throw lack(`${name}; use a whole ${family.title} checkpoint.`);
  }
  if (separate.source !== undefined || partOf(tensors, 'vae').size > 0) return;
  const vae = `${basename(file).replace(/\.safetensors$/i, '')}${VAE_ENDING}`;
  if (separate.pickle !== undefined) {
    throw lack(`VAE, and ${pickleError(separate.pickle).message.replace(/\.$/, '')} (${vae}).`);
  }
  throw lack(`VAE; put its VAE beside it, named ${vae}.`);
}
