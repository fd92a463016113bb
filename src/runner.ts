import { type Engine, EngineError, type Latents, type RunOptions } from '../engine/index.ts';
import type { Job } from './core/job.ts';
import type { JobWorker } from './queue/port.ts';
import type { PictureStore } from './store/port.ts';

export interface RunnerOptions {
  readonly engine: Engine;
  readonly pictures: PictureStore;
  /** An engine that says nothing for so long is taken for dead, in milliseconds; default half an hour. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 30 * 60 * 1000;

/**
 * A job's way through the engine: when it resolves, the pictures are on disk. It knows no channels.
 * @throws EngineError, `engine_crashed` also when the engine fell silent: a slot is never held for ever.
 */
export function createRunner({ engine, pictures, silenceMs = SILENCE_MS }: RunnerOptions): JobWorker {
  return async (job, { signal, onProgress }) => {
    const sourceLatents = await loadSourceLatents(job, pictures);
    const result = await withinSilence(silenceMs, signal, (watched, heard) => {
      const report: RunOptions['onProgress'] = (progress) => {
        heard();
        onProgress(progress);
      };
      return engine.run(job.task, { signal: watched, onProgress: report, ...(sourceLatents && { sourceLatents }) });
    });
    signal.throwIfAborted();
    for (const [index, picture] of result.pictures.entries()) await pictures.put(job.id, index, picture);
    return result;
  };
}

/** The final latents of the picture that is enlarged; without them the engine makes them again from its recipe. */
async function loadSourceLatents(job: Job, pictures: PictureStore): Promise<Latents | undefined> {
  if (job.task.kind !== 'upscale' || job.parent === undefined) return undefined;
  return pictures.latents(job.parent.jobId, job.parent.index);
}

async function withinSilence<Result>(
  silenceMs: number,
  signal: AbortSignal,
  work: (watched: AbortSignal, heard: () => void) => Promise<Result>,
): Promise<Result> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const fellSilent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new EngineError('engine_crashed', 'The engine fell silent in the middle of a picture.', { silenceMs }));
      silence.abort();
    }, silenceMs);
  });
  try {
    return await Promise.race([work(AbortSignal.any([signal, silence.signal]), () => timer?.refresh()), fellSilent]);
  } finally {
    clearTimeout(timer);
  }
}
