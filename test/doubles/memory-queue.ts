import type { Job } from '../../src/core/job.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import { hasEnded, isCancellable, isPending, transition } from '../../src/core/job-state.ts';
import { taskDigest } from '../../src/core/task-digest.ts';
import { isSameUser } from '../../src/core/user.ts';
import type { Ahead, JobQueue } from '../../src/queue/port.ts';

/** A queue that keeps jobs, in order, and never works on them: a test says how each one ended. */
export interface MemoryQueue extends JobQueue {
  readonly jobs: ReadonlyMap<string, Job>;
  /** The job last submitted. */
  last(): Job;
  put(job: Job): void;
}

const NOBODY: Ahead = {
  own: 0,
  ...{ hadLess: { people: 0, pictures: 0 }, turns: { people: 0, pictures: 0 }, cameFirst: { people: 0, pictures: 0 } },
  weighted: false,
};

export function createMemoryQueue(): MemoryQueue {
  const jobs = new Map<string, Job>();
  let clock = 0;
  const pending = () => {
    const all = [...jobs.values()].filter(isPending);
    return [...all.filter((job) => job.state === 'running'), ...all.filter((job) => job.state === 'queued')];
  };
  return {
    jobs,
    last() {
      const job = [...jobs.values()].at(-1);
      if (job === undefined) throw new Error('nothing was submitted');
      return job;
    },
    put: (job) => void jobs.set(job.id, job),
    async submit({ requestId, roles: _, pressed: __, ...draft }) {
      const id = jobIdOf(draft.owner.platform, requestId);
      const known = jobs.get(id);
      if (known !== undefined) return { job: known, isNew: false };
      const asked = taskDigest(draft.task);
      const same = pending().find((job) => isSameUser(job.owner, draft.owner) && taskDigest(job.task) === asked);
      if (same !== undefined) return { job: same, isNew: false, isSame: true };
      clock += 1;
      const job: Job = { ...draft, id, state: 'queued', attempts: 0, createdAt: clock, updatedAt: clock, pictures: [] };
      jobs.set(id, job);
      return { job, isNew: true };
    },
    async cancel(jobId) {
      const job = jobs.get(jobId);
      if (job === undefined || hasEnded(job)) return job;
      const cancelled = transition(job, 'cancelled', clock);
      jobs.set(jobId, cancelled);
      return cancelled;
    },
    cancellable: async (owner) =>
      [...jobs.values()].filter((job) => isCancellable(job) && isSameUser(job.owner, owner)).toReversed(),
    async snapshot({ jobs: ids, owner, first, explain } = {}) {
      const all = pending().map((job, position) => ({
        ...{ job, place: { position, etaMs: (position + 1) * 7000 } },
        ...(explain === true && job.state === 'queued' && { ahead: NOBODY }),
      }));
      const wanted = all
        .filter(({ job }) => ids?.includes(job.id) ?? true)
        .filter(({ job }) => owner === undefined || isSameUser(job.owner, owner));
      const running = all.filter(({ job }) => job.state === 'running').length;
      return { running, waiting: all.length - running, jobs: wanted.slice(0, first) };
    },
    async work() {},
    onQueued() {},
    onProgress() {},
    onHeld() {},
    onOutcome() {},
    async close() {},
  };
}
