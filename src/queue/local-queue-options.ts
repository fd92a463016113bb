import type { RoleWeights } from '../core/role-weights.ts';
import type { JobStore, PictureStore, ResultCache, ValueStore } from '../store/port.ts';
import type { Capacity } from './capacity.ts';
import type { ModelWork } from './cost.ts';
import type { QueueLimits } from './limits.ts';
import type { ExplainFailure } from './port.ts';
import type { QuotaLimits } from './quota.ts';

export interface LocalQueueOptions {
  readonly store: QueueStore;
  readonly limits: QueueLimits;
  /** None when absent. */
  readonly quotaLimits?: QuotaLimits;
  readonly explain: ExplainFailure;
  /** Everyone weighs the same when absent. */
  readonly roleWeights?: RoleWeights;
  /** One job at a time when absent. */
  readonly capacity?: Capacity;
  /** All models are alike when absent. */
  readonly modelWork?: ModelWork;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly now?: () => number;
  /**
   * Jobs are drawn by other processes, which go on when this one ends: then its end stops no job and counts against none.
   * @default false
   */
  readonly runsOutlive?: boolean;
  /** How long `close` waits for running jobs to let go, in milliseconds; default 5000. */
  readonly closeGraceMs?: number;
}

/** The jobs, what was drawn, and in values `pace`, `turns` and `usage` what else the queue must know after a restart. */
export interface QueueStore {
  readonly jobs: JobStore;
  readonly pictures: Pick<PictureStore, 'copy' | 'delete'>;
  readonly resultCache: ResultCache;
  values<Value>(namespace: string): ValueStore<Value>;
}
