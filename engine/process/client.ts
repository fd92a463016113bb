import { refuseAborted } from '../abort.ts';
import type { Engine, EngineLoss, RunResult } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { type Candidates, candidatesFor } from '../providers/providers.ts';
import { Admission } from '../runtime/admission.ts';
import { DEFAULT_PROVIDER, describeModels, type EngineOptions } from '../runtime/catalog.ts';
import { describeExecution, type ExecutionFacts, rulesOf } from '../runtime/execution.ts';
import type { EngineTask } from '../task.ts';
import { EngineProcess } from './engine-process.ts';
import type { Answer } from './protocol.ts';
import { ProviderTrials } from './provider-trials.ts';
import { STALL_LIMITS, type StallLimits } from './stall-watch.ts';

export interface EngineHostOptions extends EngineOptions {
  /** When a child that has work is taken for hung and replaced; what is absent is the default. */
  readonly stall?: Partial<StallLimits>;
}

/** What a test composes differently. */
export interface HostParts {
  /** The module that is the engine's process. */
  readonly child?: URL;
  /** Instead of those that `EngineOptions.provider` means on this machine. */
  readonly candidates?: Candidates;
}

/** An engine with what only a host of processes can tell. */
export interface EngineHost extends Engine {
  /** Process id of the running child; of several devices, of the first. */
  readonly pid: number | undefined;
  /** Process ids, by device; undefined where none runs. */
  readonly pids: readonly (number | undefined)[];
}

const CHILD = new URL('./child.ts', import.meta.url);

/**
 * The engine in one forked process: the shell never waits for it, and survives it. When the child dies, its tasks
 * reject with `engine_crashed` and the next task starts a new child.
 */
export function forkEngine(options: EngineHostOptions, parts: HostParts = {}): EngineHost {
  return new ForkedEngine(options, parts);
}

class ForkedEngine implements EngineHost {
  readonly #options: EngineOptions;
  readonly #admission: Admission;
  readonly #trials: ProviderTrials;
  readonly #process: EngineProcess;
  /** As last told; undefined before it was asked for. */
  #facts: ExecutionFacts | undefined;
  readonly #lossListeners: ((loss: EngineLoss) => void)[] = [];

  constructor(hostOptions: EngineHostOptions, parts: HostParts) {
    const { stall, ...options } = hostOptions;
    this.#options = options;
    this.#admission = new Admission(options);
    this.#trials = new ProviderTrials(
      parts.candidates ?? candidatesFor(options.provider ?? DEFAULT_PROVIDER, options.precision),
    );
    this.#process = new EngineProcess({
      ...{ child: parts.child ?? CHILD, engine: options, trials: this.#trials },
      limits: { ...STALL_LIMITS, ...stall },
      onLost: (loss) => {
        for (const listener of this.#lossListeners) listener(loss);
      },
      onPassedOver: (sentence) => {
        // Who has its description already would not hear of it.
        if (this.#facts !== undefined) process.stderr.write(`${sentence}\n`);
        this.#facts = undefined;
      },
    });
  }

  get memoryBytes(): number | undefined {
    return this.#process.memoryBytes;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get pids(): readonly (number | undefined)[] {
    return [this.pid];
  }

  onLost(listener: (loss: EngineLoss) => void): void {
    this.#lossListeners.push(listener);
  }

  async describe() {
    const catalog = await describeModels(this.#options);
    // The first person's request is not to wait for it.
    await this.#admission.warm(catalog.defaultModel);
    return { ...catalog, ...(await this.#execution()) };
  }

  /** A processor is sure to work; whether another provider does only its own process can find out. */
  async #execution(): Promise<ExecutionFacts> {
    const { candidates, passedOver } = this.#trials;
    if (candidates[0] === 'cpu') return describeExecution('cpu', this.#options, passedOver, this.memoryBytes ?? 0);
    const answer = await this.#process.request((id) => ({ kind: 'execution', id }), {});
    if (answer.kind !== 'execution') throw unexpected(answer);
    this.#facts = answer.execution;
    return answer.execution;
  }

  /** Here, not in the engine's process, which answers nothing while a network runs. */
  async check(task: EngineTask): Promise<void> {
    const { provider } = this.#facts ?? (await this.#execution());
    const now = describeExecution(provider, this.#options, [], this.memoryBytes ?? 0);
    await this.#admission.admit(task, rulesOf(now));
  }

  async load(...[modelId, { onProgress } = {}]: Parameters<Engine['load']>): Promise<void> {
    await this.#process.request((id) => ({ kind: 'load', id, modelId }), { onProgress });
  }

  async measureInt8Gain(): Promise<number> {
    const answer = await this.#process.request((id) => ({ kind: 'int8Gain', id }), {});
    if (answer.kind !== 'int8Gain') throw unexpected(answer);
    return answer.gain;
  }

  async run(
    ...[task, { signal, onProgress, sourceLatents, init } = {}]: Parameters<Engine['run']>
  ): Promise<RunResult> {
    refuseAborted(signal);
    const answer = await this.#process.request(
      (id) => ({ kind: 'run', id, task, ...(sourceLatents && { sourceLatents }), ...(init && { init }) }),
      { onProgress, signal },
    );
    if (answer.kind !== 'result') throw unexpected(answer);
    return answer.result;
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}

function unexpected({ kind }: Answer): EngineError {
  return new EngineError('internal', `The engine answered with "${kind}" to another question.`);
}
