import { isEngineError } from '../../engine/index.ts';
import type { JobChanges } from '../core/job-state.ts';
import type { JobWorker, JobWorkOptions } from './port.ts';
import type { QueueEntry } from './queue-entry.ts';

/**
 * One time through the engine; notes in the entry what was made.
 * @returns what the job's record says from now on
 * @throws what the worker throws
 */
export async function drawEntry(
  entry: QueueEntry,
  worker: JobWorker,
  listeners: Omit<JobWorkOptions, 'signal' | 'device'>,
): Promise<JobChanges> {
  const result = await worker(entry.job, { signal: entry.stop.signal, device: entry.device, ...listeners });
  entry.result = result;
  const all = [...(entry.job.notes ?? []), ...result.notes];
  return { pictures: result.pictures, ...(all.length > 0 && { notes: all }) };
}

/** Whether the device cannot draw for now, whatever the job: another may. */
export function isDeviceFailure(error: unknown): boolean {
  return isEngineError(error) && (error.code === 'engine_unavailable' || error.code === 'provider_failed');
}
