import { EngineError } from '../errors.ts';
import type { EngineDescription } from '../types.ts';
import { describeModel, type ModelFolder, readModelFolder } from './folder.ts';

export interface EngineOptions {
  /** Model folders in diffusers layout; the first is the default. The folder's name is the model's id. */
  readonly modelFolders: readonly string[];
  /** ONNX Runtime execution provider; default `cpu`. */
  readonly provider?: string;
  /** Send previews every n steps, 0 for none; default 2. */
  readonly previewEvery?: number;
  /** CPU threads; default 0, one a core. */
  readonly threads?: number;
  /** Most rows of one UNet call, over all tasks: a picture takes one, with guidance two. Default 8 on a CPU, else 16. */
  readonly maxRows?: number;
}

export const DEFAULT_PROVIDER = 'cpu';

/** @throws EngineError when a folder is not a model that Easel runs, or two folders have one name. */
export async function describeModels(options: EngineOptions): Promise<EngineDescription> {
  const folders = await readModelFolders(options);
  const models = [...folders.values()].map(describeModel);
  const [first] = models;
  if (first === undefined) {
    throw new EngineError(
      'missing_file',
      'No model folder was given; set EASEL_MODEL to a folder in diffusers layout.',
    );
  }
  return { models, defaultModel: first.id, provider: options.provider ?? DEFAULT_PROVIDER };
}

/** By model id, in the order given. */
export async function readModelFolders(options: EngineOptions): Promise<ReadonlyMap<string, ModelFolder>> {
  const folders = new Map<string, ModelFolder>();
  for (const path of options.modelFolders) {
    const folder = await readModelFolder(path);
    if (folders.has(folder.id)) {
      throw new EngineError('bad_request', `Two model folders are named "${folder.id}"; rename one.`, {
        folder: folder.path,
      });
    }
    folders.set(folder.id, folder);
  }
  return folders;
}
