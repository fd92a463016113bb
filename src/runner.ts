import type { Engine, Latents } from '../engine/index.ts';
import type { Job } from './core/job.ts';
import type { JobWorker } from './queue/port.ts';
import type { PictureStore } from './store/port.ts';

/**
 * A job's way through the engine: when it resolves, the pictures are on disk. It knows no channels.
 * @throws EngineError; the signal's reason when it was cancelled; a file system error when a picture cannot be written.
 */
export function createRunner(engine: Engine, pictures: PictureStore): JobWorker {
  return async (job, { signal, onProgress }) => {
    const sourceLatents = await loadSourceLatents(job, pictures);
    const result = await engine.run(job.task, { signal, onProgress, ...(sourceLatents && { sourceLatents }) });
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
