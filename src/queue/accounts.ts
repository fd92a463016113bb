import type { EngineTask } from '../../engine/index.ts';
import type { Job } from '../core/job.ts';
import type { User } from '../core/user.ts';
import type { ValueStore } from '../store/port.ts';
import type { Debts } from './fair-clock.ts';
import { createFairDebts } from './fair-debts.ts';
import type { ExplainFailure } from './port.ts';
import type { Estimate, QueueEntry } from './queue-entry.ts';
import { createQuota, type QuotaLimits, type QuotaUse } from './quota.ts';
import { createThroughput, type Measurements } from './throughput.ts';

export interface AccountsOptions {
  /** Opens a namespace on disk: `pace`, `turns` and `usage`. */
  readonly values: <Value>(namespace: string) => ValueStore<Value>;
  readonly quotaLimits: QuotaLimits;
  readonly now: () => number;
  readonly explain: ExplainFailure;
}

/**
 * What a restart must not forget of the engine's use: measured speed, fair debts and quotas. What the disk does not take
 * is logged, and costs no job anything; so nothing here rejects, `load` and `assertWithin` excepted.
 */
export interface Accounts {
  /** @returns the debts that earlier processes noted */
  load(): Promise<Debts>;
  /** See `Throughput`. */
  estimator(task: EngineTask): Estimate;
  /** @throws EaselError `limit_hour` or `limit_day` */
  assertWithin(owner: User, cost: number): Promise<void>;
  /** Counts a job towards its owner's quota, or counts it anew at another cost. */
  charge(job: Job, cost: number): Promise<void>;
  forget(job: Job): Promise<void>;
  /** The engine takes the entry, or takes it again on another device. */
  begin(entry: QueueEntry): void;
  /** The engine lets go of it. */
  end(entry: QueueEntry): Promise<void>;
  /** Not waited for: a death before it is written costs the others no more than this job's turn. */
  saveDebts(debts: Debts, job: Job): void;
}

export function createAccounts({ values, quotaLimits, now, explain }: AccountsOptions): Accounts {
  const throughput = createThroughput(values<Measurements>('pace'), now);
  const fairDebts = createFairDebts(values<Debts>('turns'));
  const quota = createQuota(values<readonly QuotaUse[]>('usage'), quotaLimits, now);
  const logged = (work: Promise<void>, job: Job) => work.catch((error: unknown) => void explain(error, job));

  return {
    load: async () => {
      await throughput.load();
      return fairDebts.load();
    },
    estimator: throughput.estimator,
    assertWithin: quota.assertWithin,
    charge: (job, cost) => logged(quota.charge(job, cost), job),
    forget: (job) => logged(quota.forget(job), job),
    begin: ({ job, device }) => throughput.begin(job.id, job.task, device),
    end: async ({ job, result }) => {
      if (job.state === 'rendered') await logged(throughput.finish(job.id, result?.loadMs ?? 0), job);
      else throughput.drop(job.id);
    },
    saveDebts: (debts, job) => void logged(fairDebts.save(debts), job),
  };
}
