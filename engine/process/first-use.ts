import { unlessAborted } from '../abort.ts';

/**
 * Lets one process fetch a model's files while the others wait. A file that comes from the Hub grows under one name, so
 * two processes would write into each other's.
 */
export class FirstUse {
  readonly #ready = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();

  /**
   * @param work is given what to call when the files are there; its end says so, too. After a failure the next tries.
   * @throws EngineError `aborted` when `signal` fires while it waits for another
   */
  async begin<Result>(
    model: string,
    work: (isReady: () => void) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    while (!this.#ready.has(model)) {
      const other = this.#running.get(model);
      if (other === undefined) return this.#first(model, work);
      await unlessAborted(other, signal);
    }
    return work(() => undefined);
  }

  async #first<Result>(model: string, work: (isReady: () => void) => Promise<Result>): Promise<Result> {
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#running.set(model, waiting);
    const ready = () => {
      this.#ready.add(model);
      release();
    };
    try {
      const result = await work(ready);
      ready();
      return result;
    } finally {
      this.#running.delete(model);
      release();
    }
  }
}
