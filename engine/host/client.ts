import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { refuseAborted, unlessAborted } from '../aborting.ts';
import { Admission } from '../admission.ts';
import { EngineError } from '../errors.ts';
import { describeExecution, type ExecutionFacts, rulesOf } from '../execution.ts';
import { DEFAULT_PROVIDER, describeModels, type EngineOptions } from '../model/catalog.ts';
import { candidatesOf } from '../provider.ts';
import type { Engine, EngineTask, Phase, Progress, RunResult } from '../types.ts';
import { decodeError, type FromChild, type ToChild } from './protocol.ts';

export interface EngineHostOptions extends EngineOptions {
  /** A child that says nothing for this long while it has work is taken for hung and replaced; default 15 minutes. */
  readonly stallTimeoutMs?: number;
}

/** The engine that `createEngine` gives, with what only a host of a process can tell. */
export interface EngineHost extends Engine {
  /** Process id of the running child. */
  readonly pid: number | undefined;
}

const DEFAULT_STALL_TIMEOUT_MS = 15 * 60_000;
/** A child that dies again and again is started less and less often. */
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** Children that end before they take a task, one after the other, before it is said that the engine cannot start. */
const MAX_FAILED_STARTS = 2;

type Answer = Extract<FromChild, { readonly kind: 'result' | 'loaded' | 'execution' }>;

/**
 * Makes glibc give weights back to the system when a network is let go of; else it keeps them for the next. Elsewhere it
 * means nothing.
 */
const GIVE_BACK = { MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20) };

interface Waiting {
  readonly onProgress: (progress: Progress) => void;
  phase: Phase;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: EngineError) => void;
}

/**
 * The engine in a forked process: the shell never waits for it, and survives it. When the child dies, its tasks
 * reject with `engine_crashed` and the next task starts a new child.
 */
export function createEngine(options: EngineHostOptions): EngineHost {
  return new ForkedEngine(options);
}

class ForkedEngine implements EngineHost {
  readonly #options: EngineHostOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #admission: Admission;
  #child: ChildProcess | undefined;
  #memoryBytes = 0;
  /** As last told; undefined before it was asked for. */
  #facts: ExecutionFacts | undefined;
  #nextId = 1;
  #crashes = 0;
  #earliestStart = 0;
  #stall: NodeJS.Timeout | undefined;
  #closed = false;
  /** Of the present child. */
  #isOpen = false;
  #isHung = false;
  #failedStarts = 0;

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
  }

  get memoryBytes(): number | undefined {
    return this.#child === undefined || this.#memoryBytes === 0 ? undefined : this.#memoryBytes;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async describe() {
    return { ...(await describeModels(this.#options)), ...(await this.#execution()) };
  }

  /** A processor is sure to work; whether another provider does only its own process can find out. */
  async #execution(): Promise<ExecutionFacts> {
    const [first] = candidatesOf(this.#options.provider ?? DEFAULT_PROVIDER);
    if (first === 'cpu') return describeExecution('cpu', this.#options, [], this.memoryBytes ?? 0);
    const answer = await this.#request((id) => ({ kind: 'execution', id }), {});
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
    await this.#request((id) => ({ kind: 'load', id, modelId }), { onProgress });
  }

  async run(
    ...[task, { signal, onProgress, sourceLatents, init } = {}]: Parameters<Engine['run']>
  ): Promise<RunResult> {
    refuseAborted(signal);
    const answer = await this.#request(
      (id) => ({ kind: 'run', id, task, ...(sourceLatents && { sourceLatents }), ...(init && { init }) }),
      { onProgress, signal },
    );
    if (answer.kind !== 'result') throw unexpected(answer);
    return answer.result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  async #request(
    message: (id: number) => ToChild,
    {
      onProgress,
      signal,
    }: { onProgress?: ((progress: Progress) => void) | undefined; signal?: AbortSignal | undefined },
  ): Promise<Answer> {
    const child = await unlessAborted(this.#running(), signal);
    const id = this.#nextId;
    this.#nextId += 1;
    const abort = () => child.connected && child.send({ kind: 'abort', id } satisfies ToChild);
    try {
      return await new Promise((resolve, reject) => {
        const waiting: Waiting = {
          phase: 'loading',
          onProgress: (progress) => {
            waiting.phase = progress.phase;
            onProgress?.(progress);
          },
          resolve,
          reject,
        };
        this.#waiting.set(id, waiting);
        child.send(message(id), (error) => {
          // It has died, and its end is not noticed yet: the next task must not be given to it as well.
          if (error !== null) this.#lost(child, { why: 'it could not be reached', cause: 'ended' });
        });
        signal?.addEventListener('abort', abort, { once: true });
        if (signal?.aborted === true) abort();
        this.#watch();
      });
    } finally {
      this.#waiting.delete(id);
      signal?.removeEventListener('abort', abort);
      this.#watch();
    }
  }

  async #running(): Promise<ChildProcess> {
    const delay = this.#earliestStart - Date.now();
    if (this.#child === undefined && delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (this.#closed) throw new EngineError('aborted', 'The engine is closed.');
    this.#child ??= this.#start();
    return this.#child;
  }

  #start(): ChildProcess {
    const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
      serialization: 'advanced',
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...(this.#options.offload === true && GIVE_BACK) },
    });
    child.on('message', (message: FromChild) => this.#receive(message));
    this.#isOpen = false;
    this.#isHung = false;
    this.#memoryBytes = 0;
    child.once('error', () => this.#lost(child, { why: 'it could not be started', cause: 'ended' }));
    child.once('exit', (code, signal) => this.#lost(child, this.#explain(code, signal)));
    const { stallTimeoutMs: _, ...options } = this.#options;
    child.send({ kind: 'open', options } satisfies ToChild, () => undefined);
    return child;
  }

  #receive(message: FromChild): void {
    this.#watch();
    this.#memoryBytes = message.memoryBytes;
    const waiting = this.#waiting.get(message.id);
    switch (message.kind) {
      case 'opened':
        this.#isOpen = true;
        this.#failedStarts = 0;
        return;
      case 'progress':
        waiting?.onProgress(message.progress);
        return;
      case 'loaded':
      case 'execution':
        waiting?.resolve(message);
        return;
      case 'result':
        this.#crashes = 0;
        waiting?.resolve(message);
        return;
      case 'error':
        waiting?.reject(decodeError(message.error));
        return;
    }
  }

  /** Nobody but the operating system kills a child that this host has not killed: it does when memory runs out. */
  #explain(code: number | null, signal: NodeJS.Signals | null): Death {
    if (this.#isHung) return { why: 'it did not answer any more', cause: 'hung' };
    if (signal === 'SIGKILL') return { why: 'the system ended it, most likely for lack of memory', cause: 'memory' };
    return { why: signal ?? `exit code ${code}`, cause: 'ended' };
  }

  #lost(child: ChildProcess, death: Death): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#earliestStart = Date.now() + Math.min(FIRST_BACKOFF_MS * 2 ** this.#crashes, MAX_BACKOFF_MS);
    this.#crashes += 1;
    if (!this.#isOpen) this.#failedStarts += 1;
    for (const { reject, phase } of this.#waiting.values()) {
      if (this.#closed) reject(new EngineError('aborted', 'The engine is closed.'));
      else if (this.#failedStarts >= MAX_FAILED_STARTS) reject(cannotStart(death));
      else reject(crashed(death, phase));
    }
  }

  /** Restarts the watch over a child with work; anything it says feeds the watch. */
  #watch(): void {
    clearTimeout(this.#stall);
    if (this.#waiting.size === 0) return;
    this.#stall = setTimeout(() => {
      this.#isHung = true;
      this.#child?.kill('SIGKILL');
    }, this.#options.stallTimeoutMs ?? DEFAULT_STALL_TIMEOUT_MS);
    this.#stall.unref();
  }
}

function unexpected({ kind }: Answer): EngineError {
  return new EngineError('internal', `The engine answered with "${kind}" to another question.`);
}

/** How a child ended. */
interface Death {
  /** For a person, within a sentence. */
  readonly why: string;
  readonly cause: 'memory' | 'hung' | 'ended';
}

/** @param phase of the task when it happened */
function crashed({ why, cause }: Death, phase: Phase): EngineError {
  return new EngineError('engine_crashed', `The engine's process ended in the middle of the work (${why}).`, {
    why,
    cause,
    phase,
  });
}

function cannotStart({ why }: Death): EngineError {
  return new EngineError(
    'engine_unavailable',
    `The engine cannot start (${why}); whoever runs this Easel finds more in its log.`,
    { why },
  );
}
