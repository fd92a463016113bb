import type { WeightSource } from '../weights/weight-source.ts';
import { exists } from './config-file.ts';

/**
 * A VAE that someone put beside a model to be used instead of its own: `anything.vae.safetensors` beside
 * `anything.safetensors` or beside the folder `anything`.
 */
export async function separateVae(modelPath: string): Promise<WeightSource | undefined> {
  const file = `${modelPath.replace(/\.safetensors$/i, '')}${VAE_ENDING}`;
  return (await exists(file)) ? { file, authority: 'a Stable Diffusion 1 model' } : undefined;
}

export const VAE_ENDING = '.vae.safetensors';
