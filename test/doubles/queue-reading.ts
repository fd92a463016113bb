import type { Job } from '../../src/core/job.ts';
import type { JobQueue, QueuePosition } from '../../src/queue/port.ts';

/** Running first, then waiting in the order they will start. */
export async function pendingOf(queue: Pick<JobQueue, 'snapshot'>): Promise<readonly Job[]> {
  const { jobs } = await queue.snapshot();
  return jobs.map(({ job }) => job);
}

/** Undefined when it neither runs nor waits. */
export async function placeOf(queue: Pick<JobQueue, 'snapshot'>, jobId: string): Promise<QueuePosition | undefined> {
  const { jobs } = await queue.snapshot({ jobs: [jobId] });
  return jobs[0]?.place;
}
