import { isShowable } from '../core/job-state.ts';
import { taskDigest } from '../core/task-digest.ts';
import type { JobStore, ResultCache, ValueStore } from './port.ts';

/** @param index job ids by task digest */
export function createResultCache(
  index: ValueStore<string>,
  jobs: Pick<JobStore, 'get'>,
): ResultCache & { forget(jobId: string): Promise<void> } {
  /** A job that cannot be read is as good as none: it is drawn again. */
  const read = (jobId: string) => jobs.get(jobId).catch(() => undefined);
  return {
    find: async (task) => {
      const jobId = await index.get(taskDigest(task));
      const job = jobId === undefined ? undefined : await read(jobId);
      return job !== undefined && isShowable(job) ? job : undefined;
    },
    add: (job) => index.set(taskDigest(job.task), job.id),
    /** Its pictures are gone. */
    forget: async (jobId) => {
      const job = await read(jobId);
      if (job === undefined) return;
      const digest = taskDigest(job.task);
      if ((await index.get(digest)) === jobId) await index.delete(digest);
    },
  };
}
