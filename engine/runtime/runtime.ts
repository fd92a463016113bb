import PQueue from 'p-queue';
import { refuseAborted, unlessAborted } from '../abort.ts';
import type { Engine, RunOptions, RunResult } from '../engine.ts';
import { Downloads } from '../hub/downloads.ts';
import { type Networks, openNetworks } from '../networks/networks.ts';
import { Batcher } from '../pipeline/batcher.ts';
import { runTask } from '../pipeline/pipeline.ts';
import type { Enlarge } from '../pipeline/upscale.ts';
import { type Probe, ProviderChoice } from '../providers/choice.ts';
import { measureInt8Gain } from '../providers/int8-gain.ts';
import { probeProvider } from '../providers/probe.ts';
import { type Candidates, candidatesFor, PROVIDER_CONCURRENCY } from '../providers/providers.ts';
import { whileLoading } from '../session/activity.ts';
import { specOf } from '../spec/recipe.ts';
import type { EngineTask } from '../task.ts';
import { Upscalers } from '../upscalers/upscaler.ts';
import { Admission } from './admission.ts';
import { DEFAULT_PROVIDER, describeModels, type EngineOptions } from './catalog.ts';
import { describeExecution, type ExecutionFacts, rulesOf, threadsFor } from './execution.ts';
import { LoadedModel } from './loaded-model.ts';
import { peakMemory } from './machine.ts';

const DEFAULT_PREVIEW_EVERY = 2;

/** An engine that can tell how it runs without reading any model. */
export interface Runtime extends Engine {
  execution(): Promise<ExecutionFacts>;
  measureInt8Gain(): Promise<number>;
}

/** How the providers are tried. */
export interface Trial {
  readonly candidates: Candidates;
  readonly probe: Probe;
  /** Sentences on those that other processes have tried. */
  readonly passedOver?: readonly string[];
}

/**
 * The engine in this very process, which it blocks while a network runs; the shell talks to it in a child. Tasks given
 * to it at the same time run side by side, step by step.
 */
export function createRuntime(
  options: EngineOptions,
  trial: Trial = {
    candidates: candidatesFor(options.provider ?? DEFAULT_PROVIDER, options.precision),
    probe: (provider) => probeProvider(provider, options.device),
  },
): Runtime {
  const choice = new ProviderChoice(trial.candidates, trial.probe, trial.passedOver);
  const admission = new Admission(options);
  const turns = new PQueue({ concurrency: 1 });
  const batcher = new Batcher();
  const loaded = new LoadedModel((id) => whileLoading(() => openModel(id)));
  const downloads = new Downloads();
  const sessionOptions = {
    threads: threadsFor(options),
    ...(options.device !== undefined && { device: options.device }),
  };
  const upscalers = new Upscalers(async () => {
    const { provider, capabilities } = await choice.current();
    return { provider, capabilities, ...sessionOptions };
  });

  /** Before a task takes its place among those of other models, which need not wait for a download. */
  async function fetchModel(id: string, run: RunOptions): Promise<void> {
    await whileLoading(async () => downloads.finish(await admission.modelOf(id), run));
  }

  async function openModel(id: string): Promise<Networks> {
    const model = await admission.modelOf(id);
    const { embeddings } = (await admission.catalog()).extras;
    for (;;) {
      const { provider, capabilities } = await choice.current();
      try {
        return await openNetworks(model, {
          ...{ provider, capabilities, ...sessionOptions, embeddings },
          rowCounts: PROVIDER_CONCURRENCY[provider].rowCounts,
          ...(options.precision !== undefined && { precision: options.precision }),
          ...(options.int8Folder !== undefined && { int8Folder: options.int8Folder }),
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

  /** Where one network at a time is in memory, tasks side by side would drive out each other's with every step. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return options.offload === true ? turns.add(work) : work();
  }

  async function execute(task: EngineTask, run: RunOptions): Promise<RunResult> {
    await whileLoading(() => admission.check(task));
    refuseAborted(run.signal);
    const spec = specOf(task);
    await fetchModel(spec.model, run);
    refuseAborted(run.signal);
    const rules = rulesOf(await execution());
    const loras = await whileLoading(() => admission.lorasOf(spec));
    const memory = await unlessAborted(
      whileLoading(() => admission.plan(task, loras, rules)),
      run.signal,
    );
    run.onProgress?.({ phase: 'loading', step: 0, steps: 0 });
    const began = performance.now();
    async function draw(plain: Networks): Promise<RunResult> {
      refuseAborted(run.signal);
      const networks = await whileLoading(() => plain.withLoras(loras));
      const loadMs = performance.now() - began;
      refuseAborted(run.signal);
      const previewEvery = options.previewEvery ?? DEFAULT_PREVIEW_EVERY;
      const enlarge: Enlarge = async (name, picture, beforeTile) =>
        upscalers.enlarge(await admission.upscalerFile(name), picture, beforeTile);
      const spacing = loras.find(({ lora }) => lora.fewSteps?.spacing !== undefined)?.lora.fewSteps?.spacing;
      const how = { ...(spacing !== undefined && { spacing }), previewEvery, batcher, memory, enlarge };
      const result = await runTask(networks, task, { ...run, ...how, loadMs });
      const notes = [...loras.flatMap(({ lora }) => lora.notes), ...result.notes];
      return { ...result, notes, peakBytes: peakMemory() };
    }
    // It may be the turn of other tasks for long yet: whoever is cancelled waits for none of it.
    return unlessAborted(
      inTurn(() => loaded.use(spec.model, draw)),
      run.signal,
    );
  }

  return {
    describe: async () => ({ ...(await describeModels(options)), ...(await execution()) }),
    execution,
    measureInt8Gain: () => measureInt8Gain(threadsFor(options)),
    load: async (modelId, run = {}) => {
      await fetchModel(modelId, run);
      return loaded.use(modelId, async () => undefined);
    },
    check: async (task) => admission.admit(task, rulesOf(await execution())),
    run: (task, run = {}) => execute(task, run),
    close: async () => {
      await upscalers.close();
      await loaded.close();
    },
  };
}
