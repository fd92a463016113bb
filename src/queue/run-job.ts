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
  listeners: Omit<JobWorkOptions, 'signal'>,
): Promise<JobChanges> {
  const result = await worker(entry.job, { signal: entry.stop.signal, ...listeners });
  entry.result = result;
  const all = [...(entry.job.notes ?? []), ...result.notes];
  return { pictures: result.pictures, ...(all.length > 0 && { notes: all }) };
}
