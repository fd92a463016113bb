import { realpath } from 'node:fs/promises';
import { basename, dirname, extname, relative, sep } from 'node:path';
import { hasCommonName } from '../weights/lora-errors.ts';
import { hasPickleName } from '../weights/pickle.ts';
import { type FolderEntry, listFolder } from './list-folder.ts';

/** What can be added to a model, by the name people write; the files are not yet opened. */
export interface Extras {
  readonly loras: ReadonlyMap<string, string>;
  readonly embeddings: ReadonlyMap<string, string>;
  /** Models that enlarge pictures. */
  readonly upscalers: ReadonlyMap<string, string>;
  /** LoRAs by where they lie in their folder, without the ending: `anime/ink`. */
  readonly loraPaths: ReadonlyMap<string, string>;
  /** On each file whose name another has, a sentence. */
  readonly notes: readonly string[];
}

const LORA_FOLDER = /^(loras?|lycoris|locons?)$/i;
const EMBEDDING_FOLDER = /^(embeddings?|textual[_ -]?inversions?)$/i;
const UPSCALER_FOLDER = /^(upscalers?|upscale_models|(real|bsr)?-?esrgan)$/i;
const MAX_DEPTH = 5;
/** Files and folders, over all folders of LoRAs or of learned words. */
const MAX_ENTRIES = 20_000;

/** A folder whose files are added to models. */
export function isExtraFolder(name: string): boolean {
  return [LORA_FOLDER, EMBEDDING_FOLDER, UPSCALER_FOLDER].some((pattern) => pattern.test(name));
}

/** Whether LoRAs, textual inversions or upscalers lie in it. */
export function holdsExtras({ name, isFolder }: FolderEntry): boolean {
  return isFolder && isExtraFolder(name);
}

/**
 * Looks into `Lora`, `LyCORIS`, `embeddings` and `upscalers` of each folder. A name is a file's without its ending, or the folder's
 * where every file of the kind is named alike; of two the first has it, and the second is called by its path. Pickle
 * files are found, too, so that whoever names one can be told why it is refused.
 */
export async function findExtras(folders: Iterable<string>): Promise<Extras> {
  const loras = new Collection('LoRA');
  const embeddings = new Collection('textual inversion');
  const upscalers = new Collection('upscaler');
  for (const folder of new Set(folders)) {
    for (const { name, path, isFolder } of await listFolder(folder)) {
      if (!isFolder) continue;
      if (LORA_FOLDER.test(name)) await loras.addAll(path);
      if (EMBEDDING_FOLDER.test(name)) await embeddings.addAll(path);
      if (UPSCALER_FOLDER.test(name)) await upscalers.addAll(path);
    }
  }
  return {
    loras: loras.byName,
    embeddings: embeddings.byName,
    upscalers: upscalers.byName,
    loraPaths: loras.byPath,
    notes: [...abridge(loras.notes), ...abridge(embeddings.notes), ...abridge(upscalers.notes)],
  };
}

const MAX_NOTES = 20;

function abridge(notes: readonly string[]): readonly string[] {
  const more = notes.length - MAX_NOTES;
  return more <= 0 ? notes : [...notes.slice(0, MAX_NOTES), `${more} more files have the same name as another file.`];
}

class Collection {
  readonly byName = new Map<string, string>();
  readonly byPath = new Map<string, string>();
  readonly notes: string[] = [];
  readonly #what: string;
  readonly #seen = new Set<string>();
  #left = MAX_ENTRIES;

  constructor(what: string) {
    this.#what = what;
  }

  /** Links may lead in circles, and two folders to one: each is read once. */
  async addAll(root: string, folder = root, depth = 0): Promise<void> {
    const real = await realpath(folder).catch(() => folder);
    if (this.#seen.has(real) || this.#left <= 0) return;
    this.#seen.add(real);
    const entries = await listFolder(folder);
    this.#left -= entries.length;
    for (const entry of entries) {
      if (entry.isFolder && depth < MAX_DEPTH) await this.addAll(root, entry.path, depth + 1);
      if (!entry.isFolder && isWeights(entry.name)) this.#add(root, entry.path);
    }
    if (this.#left <= 0) this.notes.push(`${basename(root)} has more than ${MAX_ENTRIES} files; the rest are skipped.`);
  }

  #add(root: string, file: string): void {
    const [path, name] = [pathName(root, file), nameOf(root, file)];
    this.byPath.set(path, file);
    const known = this.byName.get(name);
    if (known === undefined || (hasPickleName(known) && !hasPickleName(file))) this.byName.set(name, file);
    else if (!hasPickleName(file)) this.#addHidden(name, known, path, file);
  }

  #addHidden(name: string, known: string, path: string, file: string): void {
    if (!this.byName.has(path)) this.byName.set(path, file);
    const reachable = this.byName.get(path) === file;
    const advice = reachable ? `write "${path}" for the other` : 'rename the other';
    this.notes.push(`Two files are the ${this.#what} "${name}": the one in ${basename(dirname(known))} is; ${advice}.`);
  }
}

/** The folder tells files apart that a library or a training script names alike, wherever they lie. */
function nameOf(root: string, file: string): string {
  const isCommon = hasCommonName(file) || /^learned_embeds/i.test(basename(file));
  const folder = dirname(file);
  if (!isCommon || folder === root) return basename(file, extname(file)).normalize('NFC');
  // PEFT's training scripts save the two networks side by side.
  return /^(unet|text_encoder)$/.test(basename(folder)) ? pathName(root, folder) : basename(folder).normalize('NFC');
}

function pathName(root: string, file: string): string {
  const path = isWeights(file) ? file.slice(0, -extname(file).length) : file;
  return relative(root, path).split(sep).join('/').normalize('NFC');
}

function isWeights(name: string): boolean {
  return extname(name).toLowerCase() === '.safetensors' || hasPickleName(name);
}
