import { unlessAborted } from '../abort.ts';
import type { RunOptions } from '../engine.ts';
import type { Model } from '../model/model.ts';

const MEGABYTE = 1e6;
/** More often than this nobody is told. */
const REPORT_EVERY_MS = 500;

type Listener = (bytes: number) => void;

/** The downloads of one process: several tasks that need the same model wait for the same one. */
export class Downloads {
  readonly #running = new Map<string, { readonly done: Promise<void>; readonly listeners: Set<Listener> }>();
  readonly #finished = new Set<string>();

  /** Resolves when the model's files are all there. A task that is cancelled waits no longer; the download goes on. */
  async finish(model: Model, { signal, onProgress }: Pick<RunOptions, 'signal' | 'onProgress'>): Promise<void> {
    const { download } = model;
    if (download === undefined || this.#finished.has(model.id)) return;
    const { done, listeners } = this.#running.get(model.id) ?? this.#start(model.id, download);
    const steps = Math.round(download.bytes / MEGABYTE);
    const report = atMostEvery(REPORT_EVERY_MS, (bytes) =>
      onProgress?.({ phase: 'downloading', step: Math.floor(bytes / MEGABYTE), steps }),
    );
    listeners.add(report);
    report(0);
    try {
      await unlessAborted(done, signal);
    } finally {
      listeners.delete(report);
    }
  }

  #start(id: string, download: NonNullable<Model['download']>) {
    const listeners = new Set<Listener>();
    const done = download
      .run((bytes) => {
        for (const listener of listeners) listener(bytes);
      })
      .then(() => void this.#finished.add(id))
      .finally(() => this.#running.delete(id));
    const running = { done, listeners };
    this.#running.set(id, running);
    return running;
  }
}

function atMostEvery(milliseconds: number, listener: Listener): Listener {
  let last = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    const now = performance.now();
    if (now - last < milliseconds) return;
    last = now;
    listener(bytes);
  };
}
