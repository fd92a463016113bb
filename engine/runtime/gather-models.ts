import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { displayModel } from '../display-path.ts';
import { EngineError, isEngineError } from '../errors.ts';
import { findLocalPlace, hubModelName, parseHubId } from '../hub/hub-id.ts';
import { readHubModel } from '../hub/hub-model.ts';
import { readCheckpoint } from '../model/checkpoint.ts';
import { exists } from '../model/config-file.ts';
import { MODEL_INDEX, readModelFolder } from '../model/folder.ts';
import { listFolder } from '../model/list-folder.ts';
import { describeModel, type Model } from '../model/model.ts';
import { noModel, noVariantOfFile, secondOfName, tooMuch, variantOfSeveral } from '../model/place-errors.ts';
import { isCheckpointName, looksLikeModel, programFolders, scanModels } from '../model/scan-folder.ts';
import { VAE_FOLDER } from '../model/separate-vae.ts';
import { hasPickleName, pickleError } from '../weights/pickle.ts';

/** A file or folder that is no model that Easel runs. */
export interface Refusal {
  /** What the model would be called. */
  readonly id: string;
  /** With its sentence. */
  readonly error: EngineError;
}

/** The models found so far. The first of a name has it, and one that cannot be read does not take the others along. */
export class ModelGatherer {
  readonly models = new Map<string, Model>();
  readonly homes = new Set<string>();
  readonly refused: Refusal[] = [];
  /** What was added already, links resolved: places may overlap. */
  readonly #added = new Set<string>();

  async addPlace(entry: string): Promise<void> {
    const place = findLocalPlace(entry);
    const hubId = place === undefined ? parseHubId(entry) : undefined;
    if (hubId !== undefined) {
      return this.#keepRefusal(hubModelName(hubId), async () => this.#add(await readHubModel(hubId), hubId.repo));
    }
    await this.#keepRefusal(idOf(place?.path ?? entry), () => this.#addLocal(entry, place));
  }

  async #addLocal(entry: string, place: ReturnType<typeof findLocalPlace>): Promise<void> {
    const { path, variant } = place ?? { path: resolve(entry), variant: undefined };
    if (place === undefined || !(await isCollection(path))) {
      return this.#addModel(path, { variant });
    }
    if (variant !== undefined) throw variantOfSeveral(path, variant);
    await this.#addCollection(path);
  }

  async #addCollection(root: string): Promise<void> {
    const scan = await scanModels(root);
    if (scan.models.length === 0) throw noModel(root, scan);
    for (const pickle of scan.pickles) this.refused.push({ id: idOf(pickle), error: pickleError(pickle) });
    if (scan.isCut) this.refused.push({ id: idOf(root), error: tooMuch(root) });
    for (const home of [root, ...scan.homes, ...programFolders(root)]) this.homes.add(home);
    for (const path of scan.models) {
      await this.#keepRefusal(idOf(path), () => this.#addModel(path, { vaeFolders: scan.vaeFolders }));
    }
  }

  async #addModel(path: string, options: ReadOptions): Promise<void> {
    const real = await realpath(path).catch(() => path);
    const key = JSON.stringify([real, basename(path), options.variant]);
    if (this.#added.has(key)) return;
    this.#added.add(key);
    const model = await readModel(path, options);
    // What it would refuse later is refused now.
    describeModel(model);
    for (const home of programFolders(dirname(path))) this.homes.add(home);
    this.#add(model, path);
  }

  #add(model: Model, path: string): void {
    const first = this.models.get(model.id);
    if (first !== undefined) {
      this.refused.push({ id: model.id, error: secondOfName(first, path) });
      return;
    }
    this.models.set(model.id, model);
    this.homes.add(dirname(model.path));
    for (const note of model.notes ?? []) {
      this.refused.push({ id: model.id, error: new EngineError('unsupported_model', note, { file: path }) });
    }
  }

  /** Whatever is wrong with a model, the others can be run. */
  async #keepRefusal(id: string, add: () => Promise<void>): Promise<void> {
    try {
      await add();
    } catch (error) {
      this.refused.push({ id, error: refusalOf(error, id) });
    }
  }
}

interface ReadOptions {
  readonly variant?: string | undefined;
  /** Besides those of the program whose folder of checkpoints the model lies in. */
  readonly vaeFolders?: readonly string[];
}

async function readModel(path: string, { variant, vaeFolders = [] }: ReadOptions): Promise<Model> {
  if (hasPickleName(path)) throw pickleError(path);
  const folders = [...vaeFolders, ...(await programVaeFolders(path))];
  if (!isCheckpointName(path) || (await isModelFolder(path))) {
    const named = variant === undefined ? {} : { variant, id: `${displayModel(path)}-${variant}` };
    return readModelFolder(path, { ...named, vaeFolders: folders });
  }
  if (variant === undefined) return readCheckpoint(path, { vaeFolders: folders });
  throw noVariantOfFile(path, variant);
}

async function programVaeFolders(path: string): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const folder of programFolders(dirname(path))) {
    for (const entry of await listFolder(folder)) {
      if (entry.isFolder && VAE_FOLDER.test(entry.name)) folders.push(entry.path);
    }
  }
  return folders;
}

/** A folder that is no model itself. */
async function isCollection(path: string): Promise<boolean> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder || isCheckpointName(path)) return false;
  return !(await isModelFolder(path));
}

async function isModelFolder(path: string): Promise<boolean> {
  return (await exists(join(path, MODEL_INDEX))) || (await looksLikeModel(path));
}

/** A model's id: its name without the ending. */
function idOf(path: string): string {
  const name = basename(path);
  return (isCheckpointName(path) || hasPickleName(path) ? name.slice(0, -extname(name).length) : name).normalize('NFC');
}

function refusalOf(error: unknown, name: string): EngineError {
  if (isEngineError(error)) return error;
  const why = error instanceof Error && 'code' in error ? String(error.code) : 'an unexpected error';
  return new EngineError('corrupt_file', `The model ${name} cannot be read: ${why}.`, {}, error);
}
