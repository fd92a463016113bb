import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { displayModel } from '../display-path.ts';
import type { ModelFamily } from '../families/model-family.ts';
import { PICKLE_ENDINGS, pickleError } from '../weights/pickle.ts';
import { diffusersTensors, readTensors, type WeightSource } from '../weights/weight-source.ts';
import { vaeShape } from './checkpoint-shape.ts';

/** A VAE that someone put beside a model to be used instead of its own. */
export interface SeparateVae {
  readonly source?: WeightSource;
  /** One that is there as a pickle only. */
  readonly pickle?: string;
}

/** AUTOMATIC1111's ending of a VAE that lies beside its checkpoint. */
export const VAE_ENDING = '.vae.safetensors';
/** Folders of VAEs for any checkpoint. */
export const VAE_FOLDER = /^vaes?$/i;

/**
 * `anything.vae.safetensors` beside `anything.safetensors` or beside the folder `anything`, or in a folder `VAE`, where
 * `anything.safetensors` is the same.
 * @param vaeFolders more folders of VAEs, as other programs have them beside the folder of checkpoints
 */
export async function separateVae(modelPath: string, vaeFolders: readonly string[] = []): Promise<SeparateVae> {
  const folder = dirname(modelPath);
  const name = basename(modelPath).replace(/\.safetensors$/i, '');
  const beside = await filesIn(folder);
  const own = beside.filter((entry) => VAE_FOLDER.test(entry)).map((entry) => join(folder, entry));
  let pickle: string | undefined;
  for (const place of [folder, ...new Set([...own, ...vaeFolders])]) {
    const names = place === folder ? beside : await filesIn(place);
    const stems = place === folder ? [`${name}.vae`] : [`${name}.vae`, name];
    const find = (ending: string) => {
      const found = stems.map((stem) => `${stem}${ending}`).find((file) => names.includes(file));
      return found === undefined ? undefined : join(place, found);
    };
    const file = find('.safetensors');
    if (file !== undefined) return { source: { file, authority: 'a Stable Diffusion model' } };
    pickle ??= PICKLE_ENDINGS.map(find).find((found) => found !== undefined);
  }
  return pickle === undefined ? {} : { pickle };
}

/** The sizes of a VAE in a file of its own; the rest of its configuration is the model's. */
export async function separateVaeShape(source: WeightSource, family: ModelFamily): Promise<Record<string, unknown>> {
  return vaeShape(diffusersTensors('vae', await readTensors(source)), { file: source.file, family });
}

/** @returns the sentence on a VAE beside a model that is not used, since it is a pickle */
export function pickledVae(pickle: string, modelPath: string): string {
  return `${pickleError(pickle).message} ${displayModel(modelPath)} uses its own VAE.`;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
