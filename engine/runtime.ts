import { checkTask } from './check-spec.ts';
import { EngineError } from './errors.ts';
import { DEFAULT_PROVIDER, describeModels, type EngineOptions, readModelFolders } from './model/catalog.ts';
import type { ModelFolder } from './model/folder.ts';
import { type Networks, openNetworks } from './networks.ts';
import { runTask } from './pipeline.ts';
import { specOf } from './recipe.ts';
import type { Engine, EngineTask, RunOptions, RunResult } from './types.ts';

const DEFAULT_PREVIEW_EVERY = 2;

/** The engine in this very process: tasks run one after another and block it. The shell talks to it in a child. */
export function createRuntime(options: EngineOptions): Engine {
  let folders: ReadonlyMap<string, ModelFolder> | undefined;
  let loaded: { readonly id: string; readonly networks: Networks } | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function networksOf(id: string): Promise<Networks> {
    if (loaded?.id === id) return loaded.networks;
    folders ??= await readModelFolders(options);
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
