import type { ChildMessage } from './protocol.ts';

/** How long the engine's process may be silent while it has work before it is taken for hung. */
export interface StallLimits {
  /** Milliseconds without a beat, a message or the end of a step. @default 60 seconds */
  readonly silenceMs: number;
  /** A step may take this many times as long as it usually does, when that is more. @default 20 */
  readonly usualSteps: number;
  /** Milliseconds of loading, and of the first call of a network, about which nothing is known. @default 15 minutes */
  readonly loadingMs: number;
  /** Milliseconds of starting, and of trying a provider: CUDA may compile its kernels first. @default 3 minutes */
  readonly startingMs: number;
}

export const STALL_LIMITS: StallLimits = {
  silenceMs: 60_000,
  usualSteps: 20,
  loadingMs: 15 * 60_000,
  startingMs: 3 * 60_000,
};

/** Looks at the process within the shortest limit; a stall is noticed up to one of these late. */
const LOOKS = 20;
const MAX_LOOK_MS = 1000;

/**
 * Watches one process for as long as it has work. Time is counted in looks of this process's own timer: while the host
 * itself stands still (a suspended machine, a busy event loop) none passes, and what the engine has said meanwhile is
 * read before the next.
 */
export class StallWatch {
  readonly #limits: StallLimits;
  readonly #lookMs: number;
  readonly #onStall: (why: string) => void;
  readonly #calls = new Map<number, { ms: number; readonly usualMs: number | undefined }>();
  #timer: NodeJS.Timeout | undefined;
  #silentMs = 0;
  #beatlessMs = 0;
  #hasBeaten = false;
  #isStarting = true;
  #isLoading = false;

  /** @param onStall told once, why the process is taken for hung: for a person, within a sentence */
  constructor(limits: StallLimits, onStall: (why: string) => void) {
    this.#limits = limits;
    this.#lookMs = Math.min(MAX_LOOK_MS, limits.silenceMs / LOOKS, limits.startingMs / LOOKS, limits.loadingMs / LOOKS);
    this.#onStall = onStall;
  }

  /** Whether the process has work: nobody expects anything of it otherwise. */
  set hasWork(hasWork: boolean) {
    if (hasWork === (this.#timer !== undefined)) return;
    this.#silentMs = 0;
    this.#beatlessMs = 0;
    if (hasWork) this.#timer = setInterval(() => this.#look(), this.#lookMs).unref();
    else this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  beat(): void {
    this.#hasBeaten = true;
    this.#beatlessMs = 0;
  }

  heard(said: ChildMessage): void {
    this.#silentMs = 0;
    switch (said.kind) {
      case 'opened':
      case 'probed':
        this.#isStarting = false;
        return;
      case 'probing':
        this.#isStarting = true;
        return;
      case 'loading':
        this.#isLoading = said.isLoading;
        return;
      case 'calling':
        this.#calls.set(said.call.call, { ms: 0, usualMs: said.call.usualMs });
        return;
      case 'called':
        this.#calls.delete(said.call.call);
        return;
    }
  }

  #look(): void {
    this.#silentMs += this.#lookMs;
    this.#beatlessMs += this.#lookMs;
    for (const call of this.#calls.values()) call.ms += this.#lookMs;
    const why = this.#stall();
    if (why === undefined) return;
    this.stop();
    this.#onStall(why);
  }

  #stall(): string | undefined {
    const { silenceMs, loadingMs, startingMs } = this.#limits;
    if (this.#hasBeaten && this.#beatlessMs > silenceMs) return `it has not responded for ${seconds(this.#beatlessMs)}`;
    if (this.#isStarting) return this.#silentMs > startingMs ? this.#silence() : undefined;
    for (const call of this.#calls.values()) {
      if (call.ms > this.#limitOf(call)) return `one step has taken ${seconds(call.ms)}`;
    }
    // Networks run on the main thread, which says nothing meanwhile.
    if (this.#calls.size > 0) return undefined;
    return this.#silentMs > (this.#isLoading ? loadingMs : silenceMs) ? this.#silence() : undefined;
  }

  #silence(): string {
    return `it has not answered for ${seconds(this.#silentMs)}`;
  }

  #limitOf({ usualMs }: { readonly usualMs: number | undefined }): number {
    const { silenceMs, usualSteps, loadingMs } = this.#limits;
    return usualMs === undefined ? loadingMs : Math.max(silenceMs, usualSteps * usualMs);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
