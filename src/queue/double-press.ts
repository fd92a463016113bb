import type { Job } from '../core/job.ts';
import { userKey } from '../core/user.ts';
import type { JobStore } from '../store/port.ts';
import type { JobDraft } from './port.ts';

/** Milliseconds within which a second press of the same button by the same person is the same press. */
const DOUBLE_PRESS_MS = 2000;

/** The presses of the last moment, and the jobs they made: a double click makes one. */
export interface DoublePresses {
  find(draft: JobDraft): Promise<Job | undefined>;
  add(draft: JobDraft, job: Job): void;
}

/** @param jobs where the job of the first press is looked up @param now milliseconds since the epoch */
export function createDoublePresses(jobs: Pick<JobStore, 'get'>, now: () => number): DoublePresses {
  /** The oldest first. */
  const recent = new Map<string, { readonly jobId: string; readonly at: number }>();
  const keyOf = ({ owner, channel, pressed }: JobDraft) => `${userKey(owner)} ${channel.channelId} ${pressed}`;

  function forgetOld(): void {
    for (const [key, { at }] of recent) {
      if (now() - at <= DOUBLE_PRESS_MS) return;
      recent.delete(key);
    }
  }

  return {
    find: async (draft) => {
      if (draft.pressed === undefined) return undefined;
      forgetOld();
      const press = recent.get(keyOf(draft));
      return press && jobs.get(press.jobId);
    },
    add: (draft, job) => {
      if (draft.pressed !== undefined) recent.set(keyOf(draft), { jobId: job.id, at: now() });
    },
  };
}
