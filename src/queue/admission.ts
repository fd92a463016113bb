import type { Job } from '../core/job.ts';
import { jobIdOf } from '../core/job-id.ts';
import { isPending } from '../core/job-state.ts';
import { type RoleWeights, weightOf } from '../core/role-weights.ts';
import { isSameUser } from '../core/user.ts';
import type { JobStore } from '../store/port.ts';
import type { Coalescing } from './coalescing.ts';
import { costOf } from './cost.ts';
import { createDoublePresses } from './double-press.ts';
import { assertMayWait, type QueueLimits } from './limits.ts';
import type { JobDraft, Submission } from './port.ts';
import { jobsSharing } from './queue-entry.ts';
import type { Quota } from './quota.ts';
import type { RunQueue } from './run-queue.ts';

/** The queue's parts that admission asks. */
export interface AdmissionParts {
  readonly store: JobStore;
  readonly runQueue: RunQueue;
  readonly limits: QueueLimits;
  readonly quota: Quota;
  readonly roleWeights: RoleWeights;
  readonly coalescing: Coalescing;
  readonly now: () => number;
  /** Takes an accepted job on; with the earlier job of the same task, when its pictures are kept. */
  readonly take: (job: Job, earlier: Job | undefined) => Promise<void>;
}

/** Decides whether a draft becomes a job. */
export interface Admission {
  /** One at a time. @throws EaselError when a limit is reached: nothing is queued then */
  admit(draft: JobDraft): Promise<Submission>;
  /** Jobs that come from now on are younger than this one. */
  follow(job: Job): void;
}

/** What becomes of a request: the job it made before, one that is like it, or a new one within the limits. */
export function createAdmission(parts: AdmissionParts): Admission {
  const { store, runQueue, limits, quota, roleWeights, coalescing, now, take } = parts;
  const doublePresses = createDoublePresses(store, now);
  let lastCreatedAt = 0;

  function jobOf({ requestId: _, pressed: __, roles, ...asked }: JobDraft, id: string): Job {
    // Strictly increasing, so that it orders the jobs again after a restart.
    lastCreatedAt = Math.max(now(), lastCreatedAt + 1);
    const weight = weightOf(roleWeights, asked.owner.platform, roles);
    const times = { createdAt: lastCreatedAt, updatedAt: lastCreatedAt };
    return { ...asked, ...(weight !== 1 && { weight }), ...times, id, state: 'queued', attempts: 0, pictures: [] };
  }

  return {
    admit: async (draft) => {
      const id = jobIdOf(draft.owner.platform, draft.requestId);
      const known = (await store.get(id)) ?? (await doublePresses.find(draft));
      if (known !== undefined) return { job: known, isNew: false };
      const active = runQueue.active(draft.task);
      const same = active && jobsSharing(active).find((job) => isSameRequest(job, draft));
      if (same !== undefined) return { job: same, isNew: false, isSame: true };

      const earlier = active === undefined ? await coalescing.find(draft.task) : undefined;
      const cost = active === undefined && earlier === undefined ? costOf(draft.task) : 0;
      if (earlier === undefined) assertMayWait(runQueue.waiting(draft.owner), limits);
      await quota.assertWithin(draft.owner, cost);
      const job = jobOf(draft, id);
      await store.put(job);
      doublePresses.add(draft, job);
      await quota.charge(job, cost);
      await take(job, earlier);
      return { job, isNew: true };
    },
    follow: (job) => {
      lastCreatedAt = Math.max(lastCreatedAt, job.createdAt);
    },
  };
}

/** By the same person, for the same place, to be shown in the same way. */
function isSameRequest(job: Job, { owner, channel, spoiler }: JobDraft): boolean {
  const isSamePlace = job.channel.channelId === channel.channelId && job.channel.threadId === channel.threadId;
  return isPending(job) && isSamePlace && isSameUser(job.owner, owner) && job.spoiler === spoiler;
}
