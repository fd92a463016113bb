import type { Latents, Picture } from '../../engine/index.ts';
import type { Job } from '../core/job.ts';

/** Jobs on disk. A resolved write survives `kill -9` and power loss. */
export interface JobStore {
  get(jobId: string): Promise<Job | undefined>;
  put(job: Job): Promise<void>;
  /** Every job not yet delivered, failed or cancelled, oldest first. */
  unfinished(): Promise<readonly Job[]>;
  close(): Promise<void>;
}

/** Pictures and final latents on disk, by job and place. */
export interface PictureStore {
  /** PNG with the `parameters` text, and the latents beside it. */
  put(jobId: string, index: number, picture: Picture): Promise<void>;
  /** PNG bytes; undefined when pruned. */
  png(jobId: string, index: number): Promise<Uint8Array | undefined>;
  latents(jobId: string, index: number): Promise<Latents | undefined>;
  delete(jobId: string): Promise<void>;
}
