import { basename, dirname } from 'node:path';

/** Folders inside a model in diffusers layout. */
const INNER = new Set([
  ...['unet', 'vae', 'text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'scheduler', 'safety_checker'],
  ...['feature_extractor', 'taesd'],
]);

/** Names that every model in diffusers layout has. */
const MODEL_FILES = new Set(['model_index.json', 'easel.json']);

/**
 * A file as users may be told of it: its name, and inside a model's folder the way from there, such as
 * `painter/unet/config.json`. Where models lie on the server is for the operator's log only: an error's facts say it.
 */
export function displayPath(file: string): string {
  const [name, folder] = [basename(file), dirname(file)];
  if (INNER.has(basename(folder))) {
    const model = displayModel(dirname(folder));
    return `${model === '.' ? '' : `${model}/`}${basename(folder)}/${name}`;
  }
  return MODEL_FILES.has(name) ? `${displayModel(folder)}/${name}` : name;
}

/** A model's folder or file as users may be told of it; in the Hub's cache, where folders are named by hashes, its id. */
export function displayModel(path: string): string {
  const folder = dirname(path);
  if (basename(folder) !== 'snapshots') return basename(path);
  return basename(dirname(folder))
    .replace(/^models--/, '')
    .replace('--', '/');
}
