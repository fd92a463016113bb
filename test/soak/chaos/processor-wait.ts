import { readFileSync } from 'node:fs';

const EVERY_MS = 50;

/** How long one thread was ready to run and had no processor, over time: what other programs took from it. Linux only. */
export class ProcessorWait {
  readonly #samples: { readonly at: number; readonly waitedMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #earlierMs = 0;
  #lastMs = 0;

  /** @param pid of the process whose main thread is watched, now; undefined when there is none */
  constructor(pid: () => number | undefined) {
    let watched: number | undefined;
    this.#timer = setInterval(() => {
      const now = pid();
      if (now === undefined) return;
      if (now !== watched) {
        this.#earlierMs += this.#lastMs;
        this.#lastMs = 0;
        watched = now;
      }
      this.#lastMs = waitedMsOf(now) ?? this.#lastMs;
      this.#samples.push({ at: performance.now(), waitedMs: this.#earlierMs + this.#lastMs });
    }, EVERY_MS).unref();
  }

  /** Milliseconds that it waited between two times of `performance.now()`, rounded up to whole samples. */
  between(from: number, to: number): number {
    const before = this.#samples.findLast(({ at }) => at <= from)?.waitedMs ?? 0;
    const after = (this.#samples.find(({ at }) => at >= to) ?? this.#samples.at(-1))?.waitedMs ?? before;
    return Math.max(0, after - before);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function waitedMsOf(pid: number): number | undefined {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ').map(Number);
    return waitedNs === undefined ? undefined : waitedNs / 1e6;
  } catch {
    return undefined;
  }
}
