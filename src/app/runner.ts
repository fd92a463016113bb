import { type Engine, type InitPicture, type Latents, type RunResult, specOf } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { fitPicture } from '../inputs/fit-picture.ts';
import { retryUntilWritten } from '../lib/disk-errors.ts';
import type { JobResult, JobWorker } from '../queue/port.ts';
import type { InputStore, PictureStore } from '../store/port.ts';

export interface RunnerStores {
  readonly pictures: PictureStore;
  readonly inputs: InputStore;
}

/**
 * A job's way through the engine: when it resolves, the pictures are on disk. It knows no channels.
 * @throws EngineError; the signal's reason when it was cancelled; EaselError `input_gone`
 */
export function createRunner(engine: Engine, { pictures, inputs }: RunnerStores): JobWorker {
  return async (job, { signal, device, onProgress, onHeld }) => {
    const sourceLatents = await loadSourceLatents(job, pictures);
    // Enlarging what is kept does not go back to what it began from.
    const init = sourceLatents === undefined ? await loadInit(job, inputs) : undefined;
    const options = { signal, device, onProgress, ...(sourceLatents && { sourceLatents }), ...(init && { init }) };
    const result = await engine.run(job.task, options);
    signal.throwIfAborted();
    // What was drawn is not thrown away because the disk is full just now.
    await retryUntilWritten(() => pictures.put(job.id, result.pictures), { signal, onRefused: onHeld });
    return withoutPixels(result);
  };
}

/** What the queue is told of pictures that are kept elsewhere. */
export function withoutPixels({ pictures, notes, timings }: RunResult): JobResult {
  const stored = pictures.map(({ recipe, width, height }) => ({ recipe, width, height }));
  return { pictures: stored, notes, loadMs: timings.loadMs };
}

/** The final latents of the picture that is enlarged; without them the engine makes them again from its recipe. */
async function loadSourceLatents(job: Job, pictures: PictureStore): Promise<Latents | undefined> {
  if (job.task.kind !== 'upscale' || job.parent === undefined) return undefined;
  return pictures.latents(job.parent.jobId, job.parent.index);
}

async function loadInit(job: Job, inputs: InputStore): Promise<InitPicture | undefined> {
  const { init, width, height } = specOf(job.task);
  if (init === undefined) return undefined;
  const image = await inputs.get(init.image);
  const mask = init.mask === undefined ? undefined : await inputs.get(init.mask);
  if (image === undefined || (init.mask !== undefined && mask === undefined)) {
    throw new EaselError('input_gone', 'The init image is no longer kept; send it again.');
  }
  return fitPicture(image, mask, width, height);
}
