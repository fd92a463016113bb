import type { EngineTask, Latents, Picture } from '../../engine/index.ts';
import type { ChannelRef } from '../core/channel.ts';
import type { Job } from '../core/job.ts';
import type { Prunable } from '../core/prunable.ts';
import type { ChannelSettings, UserSettings } from '../core/settings.ts';
import type { User } from '../core/user.ts';

/**
 * Jobs on disk. A resolved write survives `kill -9` and power loss. `get` and `update` throw EaselError `job_damaged`
 * for a job that cannot be read.
 *
 * @example
 * await jobs.put(job);
 * await jobs.update(job.id, (stored) => ({ ...stored, message }));
 * for (const job of await jobs.unfinished()) show(job);
 */
export interface JobStore {
  get(jobId: string): Promise<Job | undefined>;
  put(job: Job): Promise<void>;
  /**
   * Reads, changes and writes one job with no other update of it in between: queue and delivery each change their part.
   * Undefined when the job is unknown; what `change` throws rejects the update and nothing is written.
   * @param change has no effect but its result: where another process was first it is called again with what stands now
   */
  update(jobId: string, change: (job: Job) => Job): Promise<Job | undefined>;
  /** Every job whose end the channel does not show yet (see `isSettled`), oldest first. */
  unfinished(): Promise<readonly Job[]>;
  /** Ids of what a person made or starred and can be shown, newest first; no job is read for it. */
  gallery(user: Pick<User, 'platform' | 'id'>, gallery: Gallery): Promise<readonly string[]>;
  /** Every job that can be read, in no order; what is written meanwhile may or may not be among them. */
  all(): AsyncIterable<Job>;
  /** Forgets a job, if it is still as `may` asks. */
  delete(jobId: string, may: (job: Job) => boolean): Promise<void>;
  /** Waits for the writes under way. */
  close(): Promise<void>;
}

/** `made`: by their own requests; `starred`: by anybody's. */
export type Gallery = 'made' | 'starred';

/**
 * Pictures and final latents on disk, by job and place in its grid.
 *
 * @example
 * await pictures.put(job.id, result.pictures);
 * const png = await pictures.png(job.id, 0); // undefined once pruned
 */
export interface PictureStore extends Prunable {
  /**
   * All of a job's pictures: PNG with the `parameters` text, and the latents beside it. When it resolves they survive a
   * power cut; when it rejects some may be there, each whole.
   */
  put(jobId: string, pictures: readonly Picture[]): Promise<void>;
  /** PNG bytes; undefined when pruned. */
  png(jobId: string, index: number): Promise<Uint8Array | undefined>;
  latents(jobId: string, index: number): Promise<Latents | undefined>;
  /**
   * Gives a job the pictures of another as its own: either may be deleted later without the other.
   * @param count how many there are @returns false when one of them is gone, and nothing was copied
   */
  copy(fromJobId: string, toJobId: string, count: number): Promise<boolean>;
}

/**
 * Which pictures that are kept were drawn from exactly which task; what deletes the pictures forgets it.
 *
 * @example
 * const earlier = await resultCache.find(task);
 * if (earlier === undefined) await resultCache.add(await draw(task));
 */
export interface ResultCache {
  /** A finished job of exactly this task. */
  find(task: EngineTask): Promise<Job | undefined>;
  /** @param job whose pictures stand */
  add(job: Job): Promise<void>;
}

/**
 * What people and moderators have set, on disk. A thread has the settings of its channel.
 *
 * @example
 * const mine = await settings.ofUser(user);
 * await settings.setUser(user, { ...mine, count: 1 });
 */
export interface SettingsStore {
  /** Empty when nothing was set. */
  ofUser(user: Pick<User, 'platform' | 'id'>): Promise<UserSettings>;
  ofChannel(channel: ChannelRef): Promise<ChannelSettings>;
  setUser(user: Pick<User, 'platform' | 'id'>, settings: UserSettings): Promise<void>;
  setChannel(channel: ChannelRef, settings: ChannelSettings): Promise<void>;
}

/** How long a value is kept. */
export interface Lifetime {
  /** Milliseconds from now, above 0; for ever when absent. */
  readonly ttlMs?: number;
}

/**
 * Small values on disk by key, such as what a queue remembers. A resolved write survives `kill -9` and power loss. A value
 * whose lifetime is over is as good as none.
 *
 * @example
 * const handled = store.values<number>('handled');
 * if (await handled.add(eventId, Date.now(), { ttlMs: DAY_MS })) await handle(event);
 */
export interface ValueStore<Value> {
  get(key: string): Promise<Value | undefined>;
  /** Also ends the lifetime of what stood there. */
  set(key: string, value: Value, lifetime?: Lifetime): Promise<void>;
  /**
   * Sets it where there is none: of all who do so at once for a key, in whatever process, exactly one does.
   * @returns true for that one
   */
  add(key: string, value: Value, lifetime?: Lifetime): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Every value, in no order; what is written meanwhile may or may not be among them. */
  all(): AsyncIterable<Value>;
  /** Forgets every value of which `isOver` is true, and all whose lifetime is over. */
  prune(isOver: (value: Value) => boolean): Promise<void>;
}

/**
 * Pictures that people gave to begin from, on disk, named by their content.
 *
 * @example
 * const name = await inputs.put(png); // the same bytes, the same name
 * const bytes = await inputs.get(name);
 */
export interface InputStore extends Prunable {
  /** @param png as `decodePicture` gives it @returns its name */
  put(png: Uint8Array): Promise<string>;
  /** Undefined when pruned. */
  get(name: string): Promise<Uint8Array | undefined>;
}

/** All that the bot keeps. */
export interface Store {
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly inputs: InputStore;
  readonly resultCache: ResultCache;
  readonly settings: SettingsStore;
  /** Of one kind; what lies in a namespace is always of that type. */
  values<Value>(namespace: string): ValueStore<Value>;
  /** Lets the next process have what this one holds alone. */
  close(): Promise<void>;
}
