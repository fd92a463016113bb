import PQueue from 'p-queue';
import { EaselError } from '../core/errors.ts';
import { formatDuration } from '../core/format.ts';
import type { Job } from '../core/job.ts';
import { type User, userKey } from '../core/user.ts';
import type { ValueStore } from '../store/port.ts';

/** How much one person may ask for in any stretch of that length; absent is any amount. */
export interface QuotaLimit {
  readonly requests?: number;
  /** Pictures as the default model draws them when nothing is asked of it; larger ones and more steps count for more. */
  readonly pictures?: number;
}

export interface QuotaLimits {
  readonly hour: QuotaLimit;
  readonly day: QuotaLimit;
  /** Work of one such picture, in `costOf`'s unit. */
  readonly pictureCost: number;
}

/** Anybody may ask for anything. */
export const NO_QUOTA_LIMITS: QuotaLimits = { hour: {}, day: {}, pictureCost: 1 };

/** An accepted request. `cost` is what it used of the engine, or will. */
export interface QuotaUse {
  readonly jobId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly cost: number;
}

/** What people have asked for within the last day, kept over restarts: a sliding window of each person. */
export interface Quota {
  /** @throws EaselError `limit_hour` or `limit_day`, saying when one may ask again */
  assertWithin(owner: User, cost: number): Promise<void>;
  /**
   * Counts an accepted job, or counts it anew at another cost; 0 when nothing is drawn for it.
   * @throws what the store throws: it is not counted then
   */
  charge(job: Job, cost: number): Promise<void>;
  /** It counts no more: it was cancelled before it began. @throws what the store throws */
  forget(job: Job): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function createQuota(store: ValueStore<readonly QuotaUse[]>, limits: QuotaLimits, now: () => number): Quota {
  /** Nothing is kept when nothing is limited. */
  const counts = [limits.hour, limits.day].some((limit) => Object.values(limit).some((value) => value !== undefined));
  const turns = new PQueue({ concurrency: 1 });

  const read = async (key: string): Promise<readonly QuotaUse[]> => {
    const uses = (await store.get(key)) ?? [];
    return uses.filter((use) => use.at > now() - DAY_MS);
  };

  async function change(job: Job, edit: (uses: readonly QuotaUse[]) => readonly QuotaUse[]): Promise<void> {
    if (!counts) return;
    const key = userKey(job.owner);
    await turns.add(async () => {
      const after = edit(await read(key));
      if (after.length > 0) await store.set(key, after);
      else await store.delete(key);
    });
  }

  return {
    assertWithin: async (owner, cost) => {
      if (!counts) return;
      const uses = await turns.add(() => read(userKey(owner)));
      for (const [name, ms] of [['hour', HOUR_MS] as const, ['day', DAY_MS] as const]) {
        const inTime = uses.filter((use) => use.at > now() - ms);
        refuseRequests(name, inTime, limits[name].requests, (use) => use.at + ms - now());
        refuseWork(name, inTime, cost, limits[name].pictures, limits.pictureCost, (use) => use.at + ms - now());
      }
    },
    charge: (job, cost) =>
      change(job, (uses) => {
        const index = uses.findIndex(({ jobId }) => jobId === job.id);
        const use = { jobId: job.id, at: job.createdAt, cost };
        return index === -1 ? [...uses, use] : uses.with(index, use);
      }),
    forget: (job) => change(job, (uses) => uses.filter(({ jobId }) => jobId !== job.id)),
  };
}

type Window = 'hour' | 'day';

function refuseRequests(
  name: Window,
  uses: readonly QuotaUse[],
  limit: number | undefined,
  leavesInMs: (use: QuotaUse) => number,
): void {
  const blocking = limit === undefined ? undefined : uses.at(-limit);
  if (blocking === undefined) return;
  const many = limit === 1 ? 'a request' : `${limit} requests`;
  throw refusal(name, `You have made ${many} within ${aOf(name)}`, leavesInMs(blocking));
}

function refuseWork(
  name: Window,
  uses: readonly QuotaUse[],
  cost: number,
  limit: number | undefined,
  pictureCost: number,
  leavesInMs: (use: QuotaUse) => number,
): void {
  if (limit === undefined) return;
  const allowed = limit * pictureCost;
  const work = `the work of ${limit} default ${limit === 1 ? 'picture' : 'pictures'}`;
  if (cost > allowed) {
    throw new EaselError(
      `limit_${name}`,
      `This request is more than ${work}, which is the limit for ${aOf(name)} here; request fewer or smaller pictures, fewer steps, or a shorter prompt.`,
    );
  }
  let sum = uses.reduce((total, use) => total + use.cost, cost);
  if (sum <= allowed) return;
  for (const use of uses) {
    sum -= use.cost;
    if (sum > allowed) continue;
    throw refusal(name, `With this request you would use more than ${work} within ${aOf(name)}`, leavesInMs(use));
  }
}

const aOf = (name: Window): string => (name === 'hour' ? 'an hour' : 'a day');

function refusal(name: Window, what: string, waitMs: number): EaselError {
  const again = `try again in ${formatDuration(waitMs)}`;
  return new EaselError(`limit_${name}`, `${what}, which is the limit here; ${again}.`, { retryable: true });
}
