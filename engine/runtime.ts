import { checkTask } from './check-spec.ts';
import { EngineError } from './errors.ts';
import { describeModel, type ModelFolder, readModelFolder } from './model/folder.ts';
import { type Networks, openNetworks } from './networks.ts';
import { runTask } from './pipeline.ts';
import { specOf } from './recipe.ts';
import type { Engine, EngineDescription, EngineTask, RunOptions, RunResult } from './types.ts';

export interface EngineOptions {
  /** Model folders in diffusers layout; the first is the default. The folder's name is the model's id. */
  readonly modelFolders: readonly string[];
  /** ONNX Runtime execution provider; default `cpu`. */
  readonly provider?: string;
  /** Send previews every n steps, 0 for none; default 2. */
  readonly previewEvery?: number;
  /** CPU threads; default 0, one a core. */
  readonly threads?: number;
}

const DEFAULT_PROVIDER = 'cpu';
const DEFAULT_PREVIEW_EVERY = 2;

/** @throws EngineError when a folder is not a model that Easel runs, or two folders have one name. */
export async function describeModels(options: EngineOptions): Promise<EngineDescription> {
  const folders = await readFolders(options);
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

/** The engine in this very process: tasks run one after another and block it. The shell talks to it in a child. */
export function createRuntime(options: EngineOptions): Engine {
  let folders: ReadonlyMap<string, ModelFolder> | undefined;
  let loaded: { readonly id: string; readonly networks: Networks } | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function networksOf(id: string): Promise<Networks> {
    if (loaded?.id === id) return loaded.networks;
    folders ??= await readFolders(options);
    const folder = folders.get(id);
    if (folder === undefined) {
      throw new EngineError('bad_request', `There is no model "${id}"; use one of ${[...folders.keys()].join(', ')}.`, {
        model: id,
      });
    }
    // One model at a time in memory: a full one takes gigabytes.
    await loaded?.networks.close();
    loaded = undefined;
    const networks = await openNetworks(folder, {
      provider: options.provider ?? DEFAULT_PROVIDER,
      threads: options.threads ?? 0,
    });
    loaded = { id, networks };
    return networks;
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function perform(task: EngineTask, run: RunOptions): Promise<RunResult> {
    checkTask(task);
    if (run.signal?.aborted === true) throw new EngineError('aborted', 'The picture was cancelled.');
    const recipe = task.kind === 'generate' ? task : task.source;
    run.onProgress?.({ phase: 'loading', step: 0, steps: 0 });
    const began = performance.now();
    const networks = await networksOf(specOf(recipe).model);
    const loadMs = performance.now() - began;
    return runTask(networks, task, {
      ...run,
      loadMs,
      previewEvery: options.previewEvery ?? DEFAULT_PREVIEW_EVERY,
    });
  }

  return {
    describe: () => describeModels(options),
    load: (modelId) => inTurn(async () => void (await networksOf(modelId))),
    run: (task, run = {}) => inTurn(() => perform(task, run)),
    close: () => inTurn(async () => loaded?.networks.close()),
  };
}

async function readFolders(options: EngineOptions): Promise<ReadonlyMap<string, ModelFolder>> {
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
