import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unlessAborted } from '../abort.ts';
import type { EngineLoss, Phase, Progress } from '../engine.ts';
import { EngineError, isEngineError } from '../errors.ts';
import type { EngineOptions } from '../runtime/catalog.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import { cannotStartError, crashedError, type ExitReason, explainExit } from './exit-reason.ts';
import { BEAT_FD } from './heartbeat.ts';
import { type Answer, decodeError, type FromChild, type ToChild } from './protocol.ts';
import type { ProviderTrials } from './provider-trials.ts';
import { type StallLimits, StallWatch } from './stall-watch.ts';

/** A child that dies again and again is started less and less often. */
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** Children that end before they take a task, one after the other, before it is said that the engine cannot start. */
const MAX_FAILED_STARTS = 2;
/** A hung process that its driver keeps in the kernel ends only when that lets go of it: nobody waits so long. */
const KILL_GRACE_MS = 5000;

/**
 * Makes glibc give weights back to the system when a network is let go of; else it keeps them for the next. Elsewhere it
 * means nothing.
 */
const GIVE_BACK = { MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20) };

export interface EngineProcessOptions {
  /** The module that the process runs. */
  readonly child: URL;
  readonly engine: EngineOptions;
  readonly trials: ProviderTrials;
  readonly limits: StallLimits;
  /** A process has died of a provider that it only tried. @param sentence says what draws instead */
  readonly onPassedOver: (sentence: string) => void;
  /** A process has ended, and nobody had closed it. */
  readonly onLost: (loss: EngineLoss) => void;
}

export interface RequestOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly onProgress: (progress: Progress) => void;
  phase: Phase;
  /** Without an answer it is to be asked again. */
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: EngineError) => void;
}

/** The engine's process and its successors: what it is asked, and what it answers. */
export class EngineProcess {
  readonly #options: EngineProcessOptions;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #nextId = 1;
  #crashes = 0;
  #earliestStart = 0;
  #closed = false;
  /** Of the present child. */
  #watch: StallWatch | undefined;
  #isOpen = false;
  #memoryBytes: number | undefined;
  #failedStarts = 0;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** As the present child last told. */
  get memoryBytes(): number | undefined {
    return this.#child === undefined ? undefined : this.#memoryBytes;
  }

  /**
   * Again and again while processes die of providers that they only try: nothing of the request has begun by then.
   * @throws EngineError of the engine, or of its process
   */
  async request(message: (id: number) => ToChild, options: RequestOptions): Promise<Answer> {
    for (;;) {
      const answer = await this.#ask(message, options);
      if (answer !== undefined) return answer;
    }
  }

  async #ask(message: (id: number) => ToChild, { onProgress, signal }: RequestOptions): Promise<Answer | undefined> {
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
        this.#noteWork();
      });
    } finally {
      this.#waiting.delete(id);
      signal?.removeEventListener('abort', abort);
      this.#noteWork();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  async #running(): Promise<ChildProcess> {
    const delay = this.#earliestStart - Date.now();
    if (this.#child === undefined && delay > 0) await sleep(delay);
    if (this.#closed) throw new EngineError('aborted', 'The engine is closed.');
    this.#child ??= this.#start();
    return this.#child;
  }

  #start(): ChildProcess {
    const { child: module, engine, trials, limits } = this.#options;
    const child = fork(fileURLToPath(module), {
      serialization: 'advanced',
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
      env: { ...process.env, ...(engine.offload === true && GIVE_BACK) },
    });
    let stall: string | undefined;
    const watch = new StallWatch(limits, (why) => {
      stall = why;
      child.kill('SIGKILL');
      setTimeout(() => this.#lost(child, explainExit(null, null, why)), KILL_GRACE_MS).unref();
    });
    child.stdio[BEAT_FD]?.on('data', () => watch.beat()).on('error', () => undefined);
    child.on('message', (message: FromChild) => {
      watch.heard(message);
      if (this.#child === child) this.#receive(message);
    });
    this.#watch = watch;
    this.#isOpen = false;
    this.#memoryBytes = undefined;
    trials.trying = undefined;
    child.once('error', () => this.#lost(child, { why: 'it could not be started', cause: 'ended' }));
    child.once('exit', (code, signal) => {
      const lost = () => this.#lost(child, explainExit(code, signal, stall));
      // What it said last may not be read yet.
      if (child.connected) child.once('disconnect', lost);
      else lost();
    });
    const { candidates, passedOver } = trials;
    child.send({ kind: 'open', options: engine, candidates, passedOver } satisfies ToChild, () => undefined);
    return child;
  }

  #receive(message: FromChild): void {
    this.#memoryBytes = message.memoryBytes;
    if (message.kind === 'probing') this.#options.trials.trying = message.provider;
    if (message.kind === 'probed') this.#options.trials.trying = undefined;
    const waiting = this.#waiting.get(message.id);
    switch (message.kind) {
      case 'opened':
        this.#isOpen = true;
        this.#failedStarts = 0;
        return;
      case 'probing':
      case 'probed':
      case 'loading':
      case 'calling':
      case 'called':
        return;
      case 'progress':
        waiting?.onProgress(message.progress);
        return;
      case 'loaded':
      case 'execution':
      case 'int8Gain':
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

  #lost(child: ChildProcess, reason: ExitReason): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#watch?.stop();
    const { trying } = this.#options.trials;
    if (trying !== undefined && !this.#closed) {
      this.#passOver(trying, reason);
      return;
    }
    this.#earliestStart = Date.now() + Math.min(FIRST_BACKOFF_MS * 2 ** this.#crashes, MAX_BACKOFF_MS);
    this.#crashes += 1;
    if (!this.#isOpen) this.#failedStarts += 1;
    if (!this.#closed) this.#options.onLost({ ...reason, pid: child.pid, tasks: this.#waiting.size });
    for (const { reject, phase } of this.#waiting.values()) {
      if (this.#closed) reject(new EngineError('aborted', 'The engine is closed.'));
      else if (this.#failedStarts >= MAX_FAILED_STARTS) reject(cannotStartError(reason));
      else reject(crashedError(reason, phase));
    }
  }

  #passOver(provider: ExecutionProvider, reason: ExitReason): void {
    const waiting = [...this.#waiting.values()];
    try {
      this.#options.onPassedOver(this.#options.trials.passOver(provider, reason));
      for (const { resolve } of waiting) resolve(undefined);
    } catch (error) {
      if (!isEngineError(error)) throw error;
      for (const { reject } of waiting) reject(error);
    }
  }

  #noteWork(): void {
    if (this.#watch !== undefined) this.#watch.hasWork = this.#waiting.size > 0;
  }
}
