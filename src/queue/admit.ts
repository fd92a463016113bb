import type { Job } from '../core/job.ts';
import { jobIdOf } from '../core/job-id.ts';
import { isPending } from '../core/job-state.ts';
import { type RoleWeights, weightOf } from '../core/role-weights.ts';
import { isSameUser } from '../core/user.ts';
import type { JobStore } from '../store/port.ts';
import { costOf } from './cost.ts';
import { assertMayWait, type QueueLimits } from './limits.ts';
import { type Line, sharersOf } from './line.ts';
import type { JobDraft, Submission } from './port.ts';
import { createPresses } from './presses.ts';
import type { Sharing } from './sharing.ts';
import type { Usage } from './usage.ts';

export interface AdmissionParts {
  readonly store: JobStore;
  readonly line: Line;
  readonly limits: QueueLimits;
  readonly usage: Usage;
  readonly roleWeights: RoleWeights;
  readonly sharing: Sharing;
  readonly now: () => number;
  /** Takes an accepted job on; with the earlier job of the same task, when its pictures are kept. */
  readonly take: (job: Job, earlier: Job | undefined) => Promise<void>;
}

export interface Admission {
  /** One at a time. @throws EaselError when a limit is reached: nothing is queued then */
  admit(draft: JobDraft): Promise<Submission>;
  /** Jobs that come from now on are younger than this one. */
  follow(job: Job): void;
}

/** What becomes of a request: the job it made before, one that is like it, or a new one within the limits. */
export function createAdmission(parts: AdmissionParts): Admission {
  const { store, line, limits, usage, roleWeights, sharing, now, take } = parts;
  const presses = createPresses(store, now);
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
      const known = (await store.get(id)) ?? (await presses.find(draft));
      if (known !== undefined) return { job: known, isNew: false };
      const drawing = line.drawing(draft.task);
      const same = drawing && sharersOf(drawing).find((job) => isSameRequest(job, draft));
      if (same !== undefined) return { job: same, isNew: false, isSame: true };

      const earlier = drawing === undefined ? await sharing.find(draft.task) : undefined;
      const cost = drawing === undefined && earlier === undefined ? costOf(draft.task) : 0;
      if (earlier === undefined) assertMayWait(line.waiting(draft.owner), limits);
      await usage.assertMayAsk(draft.owner, cost);
      const job = jobOf(draft, id);
      await store.put(job);
      presses.add(draft, job);
      await usage.charge(job, cost);
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
