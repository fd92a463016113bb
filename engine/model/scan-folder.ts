import { realpath } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { hasPickleName } from '../weights/pickle.ts';
import { exists } from './config-file.ts';
import { holdsExtras, isExtraFolder } from './extras.ts';
import { MODEL_INDEX } from './folder.ts';
import { type FolderEntry, listFolder } from './list-folder.ts';
import { VAE_ENDING, VAE_FOLDER } from './separate-vae.ts';

/** What there is in a folder of models and in the folders inside it. */
export interface ModelScan {
  /** Paths of checkpoints and of folders in diffusers layout: the nearest first, and of one folder files first. */
  readonly models: readonly string[];
  /** Folders that have a folder of LoRAs or of learned words in them. */
  readonly homes: readonly string[];
  readonly vaeFolders: readonly string[];
  /** Checkpoints that are there as pickles. */
  readonly pickles: readonly string[];
  /** Whether there was more than is ever looked at. */
  readonly isCut: boolean;
}

/** Folders inside each other. */
export const SCAN_DEPTH = 6;
/** Files and folders. */
export const SCAN_ENTRIES = 20_000;

/** Folders that other programs have beside the one of checkpoints, with nothing in them that draws by itself. */
const OTHER_FOLDERS =
  /^(vae[_-]approx|hypernetworks?|control_?nets?|t2i_?adapters?|ip_?adapters?|upscale_models|upscalers?|(real|bsr)?esrgan|swinir|scunet|ldsr|gfpgan|codeformer|facerestore_models|adetailer|ultralytics|insightface|clip(_vision|_interrogator)?|text_encoders?|diffusion_models|unet|gligen|style_models|photomaker|animatediff.*|karlo|deepbooru|torch_deepdanbooru|blip)$/i;

/**
 * Looks through a folder for models: one's own, or another program's (`models/Stable-diffusion`, `models/checkpoints`,
 * `Lora`, `VAE` …). Links are followed, each folder once.
 */
export async function scanModels(root: string): Promise<ModelScan> {
  const found = {
    models: [] as string[],
    homes: new Set<string>(),
    vaeFolders: [] as string[],
    pickles: [] as string[],
  };
  const seen = new Set<string>();
  let left = SCAN_ENTRIES;
  let isCut = false;
  let level = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of level) {
      const real = await realpath(folder).catch(() => folder);
      if (seen.has(real)) continue;
      seen.add(real);
      const entries = await listFolder(folder);
      left -= entries.length;
      if (left < 0) return { ...found, homes: [...found.homes], isCut: true };
      if (entries.some(holdsExtras)) found.homes.add(folder);
      found.vaeFolders.push(
        ...entries.filter(({ name, isFolder }) => isFolder && VAE_FOLDER.test(name)).map(({ path }) => path),
      );
      found.models.push(...entries.filter(({ name }) => isCheckpointName(name)).map(({ path }) => path));
      found.pickles.push(...entries.filter(isPickledCheckpoint).map(({ path }) => path));
      for (const entry of entries) {
        if (!entry.isFolder || isCheckpointName(entry.name)) continue;
        if (await exists(join(entry.path, MODEL_INDEX))) found.models.push(entry.path);
        else if (isExtraFolder(entry.name) || VAE_FOLDER.test(entry.name) || OTHER_FOLDERS.test(entry.name)) continue;
        else if (await looksLikeModel(entry.path)) {
          // What a checkpoint's tensors do not tell may stand in a folder of its name.
          if (!entries.some(({ name }) => name.toLowerCase() === `${entry.name.toLowerCase()}.safetensors`)) {
            found.models.push(entry.path);
          }
        } else next.push(entry.path);
      }
    }
    if (depth === SCAN_DEPTH && next.length > 0) isCut = true;
    level = depth === SCAN_DEPTH ? [] : next;
  }
  return { ...found, homes: [...found.homes], isCut };
}

/** A model in diffusers layout by what is in it, its model_index.json present or not. */
export async function looksLikeModel(folder: string): Promise<boolean> {
  return exists(join(folder, 'unet', 'config.json'));
}

/** Whether a file of this name may be a single-file checkpoint. */
export function isCheckpointName(path: string): boolean {
  return extname(path).toLowerCase() === '.safetensors' && !path.toLowerCase().endsWith(VAE_ENDING);
}

function isPickledCheckpoint({ name, isFolder }: FolderEntry): boolean {
  return !isFolder && hasPickleName(name) && !/\.(bin|pkl)$|\.vae\.\w+$/i.test(name);
}

const CHECKPOINT_FOLDER = /^(stable-diffusion|checkpoints?)$/i;
const MAX_PARENTS = 4;

/**
 * Where another program keeps what belongs to a checkpoint: the folders around its folder of checkpoints, such as
 * `models` and, for AUTOMATIC1111's `embeddings`, the folder of that.
 */
export function programFolders(folder: string): readonly string[] {
  let inner = folder;
  for (let parents = 0; parents < MAX_PARENTS; parents += 1) {
    const outer = dirname(inner);
    if (CHECKPOINT_FOLDER.test(basename(inner))) {
      return basename(outer).toLowerCase() === 'models' ? [outer, dirname(outer)] : [outer];
    }
    inner = outer;
  }
  return [];
}
