import type { Job } from '../core/job.ts';
import type { JobResult } from './port.ts';

/** Milliseconds of a whole device; undefined when neither the model nor, of it, a like size was measured. */
export type Estimate = () => number | undefined;

/** A job the queue holds in memory, from its acceptance until it leaves the engine. */
export interface QueueEntry {
  job: Job;
  /** `userKey` of its owner. */
  readonly user: string;
  /** In `costOf`'s and `loadOf`'s units. */
  readonly cost: number;
  readonly load: number;
  /** That it is drawn with. */
  readonly model: string;
  /** Of all its work. */
  readonly estimateMs: Estimate;
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
  /** It had begun before, and its process or its worker died. */
  resumed: boolean;
  /** Share of the work done, 0–1. */
  done: number;
  /** Set when its owner cancelled it and others go on: the share that was done by then. */
  used?: number;
  /** What the worker made, once it has. */
  result?: JobResult;
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
