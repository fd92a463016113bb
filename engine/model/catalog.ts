import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { EngineError, isEngineError } from '../errors.ts';
import { readFootprint } from '../footprint.ts';
import { hubModelName, parseHubId } from '../hub/hub-id.ts';
import { readHubModel } from '../hub/hub-model.ts';
import { peakByDefault } from '../memory-plan.ts';
import type { PrecisionChoice } from '../network-options.ts';
import type { Provider } from '../provider.ts';
import type { EngineDescription, ModelDescription } from '../types.ts';
import { hasPickleName, pickleError } from '../weights/pickle.ts';
import { readCheckpoint } from './checkpoint.ts';
import { exists } from './config-file.ts';
import { type Extras, findExtras, isExtraFolder } from './extras.ts';
import { MODEL_INDEX, readModelFolder } from './folder.ts';
import { describeModel, type Model, samplerFor } from './model.ts';
import { VAE_ENDING } from './separate-vae.ts';

export interface EngineOptions {
  /**
   * Where the models are; the first found is the default. Each is a folder in diffusers layout, a single-file
   * checkpoint (`.safetensors`), a folder that holds several of both, or a model on the Hub (`owner/name`, see
   * hub/hub-id.ts). A model's id is its name without the ending.
   */
  readonly modelFolders: readonly string[];
  /** ONNX Runtime execution provider; default `auto`. */
  readonly provider?: Provider;
  /** What a GPU computes in; default `auto`: half precision where the weights are stored so. A CPU always in full. */
  readonly precision?: PrecisionChoice;
  /** Bytes that the engine's process may take on a CPU; default what is free. A task that needs more is refused. */
  readonly memoryLimit?: number;
  /** Keep one network at a time in memory: each task opens and lets go of them in turn. */
  readonly offload?: boolean;
  /** Send previews every n steps, 0 for none; default 2. */
  readonly previewEvery?: number;
  /** CPU threads; default 0, one a core of those that this process may use. */
  readonly threads?: number;
  /** Most rows of one UNet call, over all tasks: a picture takes one, with guidance two. Default: what suits the provider. */
  readonly maxRows?: number;
}

/** What whoever runs the engine may say about how it draws. */
export type ExecutionOptions = Pick<EngineOptions, 'provider' | 'precision' | 'threads' | 'offload' | 'memoryLimit'>;

export const DEFAULT_PROVIDER: Provider = 'auto';

/** What the models' folders tell; the rest is known where the networks run. */
export type CatalogDescription = Omit<EngineDescription, 'provider' | 'slots' | 'execution'>;

/** Every model that Easel was given, and what can be added to them. */
export interface Catalog {
  /** By id, in the order given. */
  readonly models: ReadonlyMap<string, Model>;
  /** The folders beside whose models LoRAs and embeddings may lie. */
  readonly homes: readonly string[];
  readonly extras: Extras;
  /** Those that cannot be run; they take none of the others along. */
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  /** What the model would be called. */
  readonly id: string;
  /** With its sentence. */
  readonly error: EngineError;
}

/** @throws EngineError when there is no model that Easel runs: why the first is none. */
export async function describeModels(options: EngineOptions): Promise<CatalogDescription> {
  const catalog = await readCatalog(options);
  const models = await Promise.all([...catalog.models.values()].map((model) => describe(model, options)));
  const [first] = models;
  if (first === undefined) throw catalog.refused[0]?.error ?? noModel(options.modelFolders);
  const names = (files: ReadonlyMap<string, string>) =>
    [...files].filter(([, file]) => !hasPickleName(file)).map(([name]) => name);
  return {
    models,
    defaultModel: first.id,
    loras: names(catalog.extras.loras),
    embeddings: names(catalog.extras.embeddings),
    refused: catalog.refused.map(({ error }) => error.message),
    notices: [...catalog.models.values()].flatMap((model) => samplerFor(model).notice ?? []),
  };
}

async function describe(model: Model, options: EngineOptions): Promise<ModelDescription> {
  const description = describeModel(model);
  if (model.download !== undefined) return description;
  // Of damaged weights their first task tells.
  const footprint = await readFootprint(model).catch(() => undefined);
  return footprint === undefined
    ? description
    : { ...description, memoryBytes: peakByDefault(description, footprint, options.offload === true) };
}

export async function readCatalog({ modelFolders }: EngineOptions): Promise<Catalog> {
  const models = new Map<string, Model>();
  const refused: Refusal[] = [];
  const homes: string[] = [];
  const add = async (id: string, read: () => Promise<Model>) => {
    try {
      const model = await read();
      // What it would refuse later is refused now.
      describeModel(model);
      if (models.has(model.id)) throw sameName(model);
      models.set(model.id, model);
      homes.push(dirname(model.path));
    } catch (error) {
      refused.push({ id, error: refusalOf(error, id) });
    }
  };
  for (const entry of modelFolders) {
    const hubId = (await exists(entry)) ? undefined : parseHubId(entry);
    const path = resolve(entry);
    if (hubId !== undefined) await add(hubModelName(hubId), () => readHubModel(hubId));
    else if (await isCollection(path)) {
      homes.push(path);
      for (const found of await modelsIn(path)) await add(idOf(found), () => readModel(found));
    } else await add(idOf(path), () => readModel(path));
  }
  return { models, homes, extras: await findExtras(homes), refused };
}

async function readModel(path: string): Promise<Model> {
  if (hasPickleName(path)) throw pickleError(path);
  return isCheckpointName(path) ? readCheckpoint(path) : readModelFolder(path);
}

/** A folder that is no model itself but holds some. */
async function isCollection(path: string): Promise<boolean> {
  if (isCheckpointName(path) || (await exists(join(path, MODEL_INDEX)))) return false;
  return (await modelsIn(path)).length > 0;
}

/** Single files first; AUTOMATIC1111 keeps them one folder down, in `Stable-diffusion`. */
async function modelsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.map(({ name }) => name).sort();
  const found = names.filter((name) => isCheckpointName(name)).map((name) => join(folder, name));
  for (const name of names) {
    const path = join(folder, name);
    if (isExtraFolder(name)) continue;
    // A link that leads nowhere counts: its model is refused, not passed over.
    if (await isThere(join(path, MODEL_INDEX))) found.push(path);
    else if (name === A1111_FOLDER) found.push(...(await modelsIn(path)));
  }
  return found;
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

const A1111_FOLDER = 'Stable-diffusion';

function isCheckpointName(path: string): boolean {
  return extname(path).toLowerCase() === '.safetensors' && !path.toLowerCase().endsWith(VAE_ENDING);
}

/** Its name without the ending. */
function idOf(path: string): string {
  return isCheckpointName(path) ? basename(path, extname(path)) : basename(path);
}

function sameName({ id, path }: Model): EngineError {
  const message = `Two models are named "${id}", and the first is used; rename the other.`;
  return new EngineError('bad_request', message, { path });
}

/** Whatever is wrong with a file, the other models can be run. */
function refusalOf(error: unknown, name: string): EngineError {
  if (isEngineError(error)) return error;
  const why = error instanceof Error && 'code' in error ? String(error.code) : 'an error that Easel did not expect';
  return new EngineError('corrupt_file', `The model ${name} cannot be read: ${why}.`, {}, error);
}

function noModel(places: readonly string[]): EngineError {
  const where = places.length === 0 ? 'No model was given' : `There is no model in ${places.join(', ')}`;
  return new EngineError(
    'missing_file',
    `${where}; set EASEL_MODEL to a .safetensors checkpoint, or to a folder in diffusers layout.`,
  );
}
