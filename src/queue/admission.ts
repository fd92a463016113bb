import type { Job } from '../core/job.ts';
import { jobIdOf } from '../core/job-id.ts';
import { isPending } from '../core/job-state.ts';
import { type RoleWeights, weightOf } from '../core/role-weights.ts';
import { isSameUser } from '../core/user.ts';
import type { JobStore, ResultCache } from '../store/port.ts';
import type { Accounts } from './accounts.ts';
import { costOf, type ModelWork } from './cost.ts';
import { createDoublePresses } from './double-press.ts';
import { assertMayWait, type QueueLimits } from './limits.ts';
import type { JobDraft } from './port.ts';
import { jobsSharing } from './queue-entry.ts';
import type { RunQueue } from './run-queue.ts';

export interface AdmissionParts {
  readonly store: Pick<JobStore, 'get'>;
  readonly resultCache: Pick<ResultCache, 'find'>;
  readonly runQueue: Pick<RunQueue, 'active' | 'waiting'>;
  readonly accounts: Pick<Accounts, 'assertWithin'>;
  readonly limits: QueueLimits;
  readonly roleWeights: RoleWeights;
  readonly modelWork: ModelWork | undefined;
  readonly now: () => number;
}

/**
 * What becomes of a request:
 * - `known`: it, or the same press of a button, made this job before.
 * - `same`: the same person asked for exactly the same in the same place, and it is not drawn yet.
 * - `accept`: a new job within the limits, not on disk yet. `cost` is what it is charged at first; `earlier` is the job
 *   of the same task whose pictures are kept.
 */
export type AdmissionDecision =
  | { readonly kind: 'known' | 'same'; readonly job: Job }
  | { readonly kind: 'accept'; readonly job: Job; readonly cost: number; readonly earlier: Job | undefined };

/** Decides what becomes of a request before it is a job. */
export interface Admission {
  /** One at a time. Changes nothing. @throws EaselError when a limit is reached */
  decide(draft: JobDraft): Promise<AdmissionDecision>;
  /** An accepted job is on disk: a second press of its button finds it. */
  remember(draft: JobDraft, job: Job): void;
  /** Jobs that come from now on are younger than this one. */
  follow(job: Job): void;
}

export function createAdmission(parts: AdmissionParts): Admission {
  const { store, resultCache, runQueue, accounts, limits, roleWeights, modelWork, now } = parts;
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
    decide: async (draft) => {
      const id = jobIdOf(draft.owner.platform, draft.requestId);
      const known = (await store.get(id)) ?? (await doublePresses.find(draft));
      if (known !== undefined) return { kind: 'known', job: known };
      const active = runQueue.active(draft.task);
      const same = active && jobsSharing(active).find((job) => isSameRequest(job, draft));
      if (same !== undefined) return { kind: 'same', job: same };

      const earlier = active === undefined ? await resultCache.find(draft.task) : undefined;
      const cost = active === undefined && earlier === undefined ? costOf(draft.task, modelWork) : 0;
      if (earlier === undefined) assertMayWait(runQueue.waiting(draft.owner), limits);
      await accounts.assertWithin(draft.owner, cost);
      return { kind: 'accept', job: jobOf(draft, id), cost, earlier };
    },
    remember: (draft, job) => doublePresses.add(draft, job),
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
