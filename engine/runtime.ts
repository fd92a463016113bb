import { Batcher } from './batcher.ts';
import { checkTask } from './check-spec.ts';
import { EngineError } from './errors.ts';
import { describeExecution, type ExecutionFacts, threadsFor } from './execution.ts';
import { type Footprint, readFootprint } from './footprint.ts';
import { Downloads } from './hub/downloads.ts';
import { LoadedModel } from './loaded-model.ts';
import { peakMemory } from './machine.ts';
import { type MemoryPlan, planMemory } from './memory-plan.ts';
import { type Catalog, DEFAULT_PROVIDER, describeModels, type EngineOptions, readCatalog } from './model/catalog.ts';
import { type Extras, findExtras } from './model/extras.ts';
import type { Model } from './model/model.ts';
import { type Networks, openNetworks } from './networks.ts';
import { runTask } from './pipeline.ts';
import { probeProvider } from './probe.ts';
import { type LoraTag, readLoraTags } from './prompt/lora-tags.ts';
import { ProviderChoice } from './provider-choice.ts';
import { specOf } from './recipe.ts';
import type { Engine, EngineTask, RunOptions, RunResult } from './types.ts';
import { openLoras } from './weights/open-loras.ts';

const DEFAULT_PREVIEW_EVERY = 2;

/** An engine that can tell how it runs without reading any model. */
export interface Runtime extends Engine {
  execution(): Promise<ExecutionFacts>;
}

/**
 * The engine in this very process, which it blocks while a network runs; the shell talks to it in a child. Tasks given
 * to it at the same time run side by side, step by step.
 */
export function createRuntime(options: EngineOptions): Runtime {
  const choice = new ProviderChoice(options.provider ?? DEFAULT_PROVIDER, probeProvider);
  const footprints = new WeakMap<Model, Footprint>();
  let turn: Promise<unknown> = Promise.resolve();
  const batcher = new Batcher();
  const loaded = new LoadedModel(openModel);
  let reading: Promise<Catalog> | undefined;
  const downloads = new Downloads();

  /** What cannot be read now, as when the Hub is away, may be read for the next task. */
  function readOnce(): Promise<Catalog> {
    reading ??= readCatalog(options).catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  }

  async function modelOf(id: string): Promise<{ model: Model; extras: Extras }> {
    const catalog = await readOnce();
    const model = catalog.models.get(id);
    if (model !== undefined) return { model, extras: catalog.extras };
    const known = [...catalog.models.keys()].join(', ');
    throw new EngineError('bad_request', `There is no model "${id}"; use one of ${known}.`, { model: id });
  }

  /** Before a task takes its place among those of other models, which need not wait for a download. */
  async function fetchModel(id: string, run: RunOptions): Promise<void> {
    await downloads.finish((await modelOf(id)).model, run);
  }

  async function openModel(id: string): Promise<Networks> {
    const { model, extras } = await modelOf(id);
    for (;;) {
      const { provider, ability } = await choice.current();
      try {
        return await openNetworks(model, {
          ...{ provider, ability, threads: threadsFor(options), embeddings: extras.embeddings },
          ...(options.precision !== undefined && { precision: options.precision }),
          ...(options.offload !== undefined && { offload: options.offload }),
        });
      } catch (error) {
        choice.passOver(error);
        process.stderr.write(`${choice.passedOver.at(-1)}\n`);
      }
    }
  }

  /** Of the provider that works, as far as is known by now. @throws EngineError when the one that was named does not */
  async function execution(): Promise<ExecutionFacts> {
    const { provider } = await choice.current();
    return describeExecution(provider, options, choice.passedOver);
  }

  /** @throws EngineError `out_of_memory` when the task cannot be run here, before anything is loaded for it. */
  async function plan(task: EngineTask): Promise<MemoryPlan> {
    const { model } = await modelOf(specOf(task).model);
    const footprint = footprints.get(model) ?? (await readFootprint(model));
    footprints.set(model, footprint);
    const { execution: rules } = await execution();
    return planMemory(task, footprint, { ...rules, limit: rules.memoryLimit });
  }

  /** Where one network at a time is in memory, tasks side by side would drive out each other's with every step. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (options.offload !== true) return work();
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  /** The folders are read anew for each task: what someone puts into them counts at once. */
  async function withLoras(plain: Networks, tags: readonly LoraTag[]): Promise<Networks> {
    if (tags.length === 0) return plain;
    const { loras } = await findExtras((await readOnce()).homes);
    return plain.withLoras(await openLoras(tags, loras));
  }

  async function perform(task: EngineTask, run: RunOptions): Promise<RunResult> {
    checkTask(task);
    refuseAborted(run.signal);
    const spec = specOf(task.kind === 'generate' ? task : task.source);
    await fetchModel(spec.model, run);
    refuseAborted(run.signal);
    const memory = await plan(task);
    run.onProgress?.({ phase: 'loading', step: 0, steps: 0 });
    const began = performance.now();
    async function draw(plain: Networks): Promise<RunResult> {
      refuseAborted(run.signal);
      const networks = await withLoras(plain, readLoraTags(spec.prompt).loras);
      const loadMs = performance.now() - began;
      refuseAborted(run.signal);
      const previewEvery = options.previewEvery ?? DEFAULT_PREVIEW_EVERY;
      const result = await runTask(networks, task, { ...run, loadMs, previewEvery, batcher, memory });
      return { ...result, peakBytes: peakMemory() };
    }
    return inTurn(() => loaded.use(spec.model, draw));
  }

  return {
    describe: async () => ({ ...(await describeModels(options)), ...(await execution()) }),
    execution,
    load: async (modelId, run = {}) => {
      await fetchModel(modelId, run);
      return loaded.use(modelId, async () => undefined);
    },
    run: (task, run = {}) => perform(task, run),
    close: () => loaded.close(),
  };
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new EngineError('aborted', 'The picture was cancelled.');
}
