import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { hasPickleName } from '../weights/pickle.ts';

/** What can be added to a model, by the name people write; the files are not yet opened. */
export interface Extras {
  readonly loras: ReadonlyMap<string, string>;
  readonly embeddings: ReadonlyMap<string, string>;
}

const LORA_FOLDER = /^loras?$/i;
const EMBEDDING_FOLDER = /^embeddings?$/i;
/** Folders that hold no models. */
const EXTRA_FOLDER = /^(loras?|embeddings?|vae)$/i;
const MAX_DEPTH = 3;

export function isExtraFolder(name: string): boolean {
  return EXTRA_FOLDER.test(name);
}

/**
 * Looks into `Lora/` and `embeddings/` of each folder. A name is a file's without its ending; of two the first counts.
 * Pickle files are found, too, so that whoever names one can be told why it is refused.
 */
export async function findExtras(folders: Iterable<string>): Promise<Extras> {
  const loras = new Map<string, string>();
  const embeddings = new Map<string, string>();
  for (const folder of new Set(folders)) {
    // A link to another program's folder will do, too.
    for (const { name } of await list(folder)) {
      if (LORA_FOLDER.test(name)) await collect(join(folder, name), loras);
      if (EMBEDDING_FOLDER.test(name)) await collect(join(folder, name), embeddings);
    }
  }
  return { loras, embeddings };
}

async function collect(folder: string, found: Map<string, string>, depth = 0): Promise<void> {
  const entries = await list(folder);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < MAX_DEPTH) await collect(path, found, depth + 1);
    if (entry.isDirectory() || !isWeights(entry.name)) continue;
    const name = basename(entry.name, extname(entry.name));
    const known = found.get(name);
    if (known === undefined || (hasPickleName(known) && !hasPickleName(path))) found.set(name, path);
  }
}

function isWeights(name: string): boolean {
  return extname(name).toLowerCase() === '.safetensors' || hasPickleName(name);
}

async function list(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
