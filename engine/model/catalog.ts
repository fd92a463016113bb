import { readdir } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { EngineError, isEngineError } from '../errors.ts';
import { readFootprint } from '../footprint.ts';
import { parseHubId } from '../hub/hub-id.ts';
import { readHubModel } from '../hub/hub-model.ts';
import { peakByDefault } from '../memory-plan.ts';
import type { PrecisionChoice } from '../network-options.ts';
import type { LearnedTokens } from '../prompt/texts.ts';
import type { Provider } from '../provider.ts';
import type { EngineDescription, ModelDescription } from '../types.ts';
import { hasPickleName, pickleError } from '../weights/pickle.ts';
import { readTokenNames } from '../weights/textual-inversion.ts';
import { readCheckpoint } from './checkpoint.ts';
import { exists } from './config-file.ts';
import { type Extras, findExtras, isExtraFolder } from './extras.ts';
import { MODEL_INDEX, readModelFolder } from './folder.ts';
import { describeModel, type Model } from './model.ts';
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
  /** Of a folder of models, those that cannot be run, each with its sentence. */
  readonly refused: readonly EngineError[];
}

/** @throws EngineError when something given by name is not a model that Easel runs, or two have one name. */
export async function describeModels(options: EngineOptions): Promise<CatalogDescription> {
  const catalog = await readCatalog(options);
  const models = await Promise.all([...catalog.models.values()].map((model) => describe(model, options)));
  const [first] = models;
  if (first === undefined) throw catalog.refused[0] ?? noModel(options.modelFolders);
  const names = (files: ReadonlyMap<string, string>) =>
    [...files].filter(([, file]) => !hasPickleName(file)).map(([name]) => name);
  return {
    models,
    defaultModel: first.id,
    loras: names(catalog.extras.loras),
    embeddings: names(catalog.extras.embeddings),
    learnedTokens: await readLearnedTokens(catalog.extras.embeddings),
    refused: catalog.refused.map(({ message }) => message),
  };
}

/** Of the words whose files name another token than their file's name. */
async function readLearnedTokens(files: ReadonlyMap<string, string>): Promise<LearnedTokens> {
  const tokens = new Map<string, readonly string[]>();
  for (const [name, file] of files) {
    const others = (await readTokenNames(file)).filter((token) => token !== name);
    if (others.length > 0) tokens.set(name, others);
  }
  return Object.fromEntries(tokens);
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
  const refused: EngineError[] = [];
  const homes: string[] = [];
  const add = (model: Model) => {
    if (models.has(model.id)) {
      throw new EngineError('bad_request', `Two models are named "${model.id}"; rename one.`, { path: model.path });
    }
    models.set(model.id, model);
    homes.push(dirname(model.path));
  };
  for (const entry of modelFolders) {
    const hubId = (await exists(entry)) ? undefined : parseHubId(entry);
    if (hubId !== undefined) {
      add(await readHubModel(hubId));
      continue;
    }
    const path = resolve(entry);
    if (await isCollection(path)) {
      homes.push(path);
      for (const found of await modelsIn(path)) {
        const model = await readModel(found).catch(keepRefusal);
        if (isEngineError(model)) refused.push(model);
        else add(model);
      }
    } else add(await readModel(path));
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
    if (await exists(join(path, MODEL_INDEX))) found.push(path);
    else if (name === A1111_FOLDER) found.push(...(await modelsIn(path)));
  }
  return found;
}

const A1111_FOLDER = 'Stable-diffusion';

function isCheckpointName(path: string): boolean {
  return extname(path).toLowerCase() === '.safetensors' && !path.toLowerCase().endsWith(VAE_ENDING);
}

function keepRefusal(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  throw error;
}

function noModel(places: readonly string[]): EngineError {
  const where = places.length === 0 ? 'No model was given' : `There is no model in ${places.join(', ')}`;
  return new EngineError(
    'missing_file',
    `${where}; set EASEL_MODEL to a .safetensors checkpoint, or to a folder in diffusers layout.`,
  );
}
