import type { RunResult } from '../../engine/index.ts';
import type { Job, StoredPicture } from '../core/job.ts';

/** A job the queue holds in memory, from its acceptance until it leaves the engine. */
export interface QueueEntry {
  job: Job;
  /** `userKey` of its owner. */
  readonly user: string;
  /** In `costOf`'s and `loadOf`'s units. */
  readonly cost: number;
  readonly load: number;
  /** The fair clock's start tag; `sequence` orders equal tags as they came. */
  start: number;
  sequence: number;
  /** V when it came: where its tag would lie if its owner had asked for nothing else. */
  readonly floor: number;
  /** `ending`: over, but the engine has not let go of it yet. */
  phase: 'waiting' | 'running' | 'ending';
  /** Index of the device that draws it, or will; 0 where there is one, and before it is known. */
  device: number;
  /** Jobs of other models that went before it when it was its turn. */
  passed: number;
  /** It had begun before the process died. */
  readonly resumed: boolean;
  /** Share of the work done, 0–1. */
  done: number;
  /** Milliseconds it waited for its model to be read, once it is rendered. */
  loadMs: number;
  /** Set when its owner cancelled it and others go on: the share that was done by then. */
  used?: number;
  /** What the engine made, once it has. */
  result?: Pick<RunResult, 'notes'> & { readonly pictures: readonly StoredPicture[] };
  /** Jobs of exactly the same task, which get the same pictures and cost nothing. */
  readonly followers: Job[];
  /** Stops it in the engine. */
  readonly stop: AbortController;
}

/** All whose pictures these will be: the job that is drawn, and those that follow it. */
export function jobsSharing({ job, followers }: QueueEntry): readonly Job[] {
  return [job, ...followers];
}

/** Who hears of an entry: the owner unless they cancelled, and those who get the same pictures. */
export function hearersOf(entry: QueueEntry): readonly Job[] {
  return jobsSharing(entry).filter((job) => job.state !== 'cancelled');
}

/** Share of its cost that an entry that left the queue has used of the engine, 0–1. */
export function usedOf({ job, used, done }: QueueEntry): number {
  return used ?? (job.state === 'rendered' ? 1 : done);
}
