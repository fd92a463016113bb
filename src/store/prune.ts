import { setTimeout as sleep } from 'node:timers/promises';
import { specOf } from '../../engine/index.ts';
import type { Job } from '../core/job.ts';
import { isSettled } from '../core/job-state.ts';
import type { KeptFiles, Prunable } from '../core/prunable.ts';
import type { InputStore, JobStore, PictureStore, ValueStore } from './port.ts';

/** How long what is finished is kept. */
export interface Retention {
  /** Pictures, latents, what they began from, and what the channels keep of them; since they were last used. */
  readonly pictureDays: number;
  /** All of them together; the oldest go first. */
  readonly pictureBytes: number;
  /** Jobs themselves: what a button needs to draw again. */
  readonly recipeDays: number;
}

export interface PruneParts {
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly inputs: InputStore;
  /** Of the namespace `unknown-pictures`: when pictures of a job that is not in the database were first found, by its id. */
  values<Value>(namespace: string): ValueStore<Value>;
  /** What the channels keep themselves, by message. */
  readonly messages: readonly Prunable[];
  readonly retention: Retention;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Ends it between two files. */
  readonly signal: AbortSignal;
}

/** What pruning has deleted. */
export interface Pruned {
  readonly jobs: number;
  readonly pictures: number;
  readonly inputs: number;
  readonly messages: number;
  readonly bytes: number;
  /** Folders of pictures that are kept although their jobs are not in the database. */
  readonly unknown: number;
}

/**
 * Pictures whose job is not in the database are kept for so long since they were first found, whatever the limits: the
 * database may have been lost, and a copy of it may come back.
 */
export const UNKNOWN_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;
/** A picture that was given a moment ago may belong to a request that is not a job yet. */
const MIN_INPUT_AGE_MS = 60 * 60 * 1000;
/** Work done at a stretch, and the milliseconds that the bot then has to itself. */
const STRETCH = 50;
const REST_MS = 20;

interface Candidate extends KeptFiles {
  readonly kind: 'pictures' | 'inputs' | 'messages';
  readonly from: Prunable;
}

/**
 * Removes what is too old or too much, and files that belong to nothing: what a crash left, pictures of jobs that were
 * cancelled, failed or deleted, and after `UNKNOWN_DAYS` those of unknown jobs. What somebody starred stays, as does all
 * that a waiting job needs. Ending at any moment it leaves nothing that the next time does not find.
 */
export async function prune(parts: PruneParts): Promise<Pruned> {
  const { jobs, pictures, inputs, messages, retention, now, signal } = parts;
  const unknownSince = parts.values<number>('unknown-pictures');
  const removed = { jobs: 0, pictures: 0, inputs: 0, messages: 0, bytes: 0, unknown: 0 };
  /** Jobs that were forgotten in this round. */
  const forgotten = new Set<string>();
  const rest = createRest(signal);

  async function remove({ kind, from, key, bytes }: Candidate): Promise<void> {
    await from.delete(key);
    removed[kind] += 1;
    removed.bytes += bytes;
    await rest();
  }

  /** Names of inputs that a job needs which is not finished, or which somebody starred. */
  async function pruneJobs(): Promise<ReadonlySet<string>> {
    const needed = new Set<string>();
    const isOver = (job: Job) =>
      isSettled(job) && !isStarred(job) && job.updatedAt < now - retention.recipeDays * DAY_MS;
    for await (const job of jobs.all()) {
      await rest();
      if (isOver(job)) {
        await jobs.delete(job.id, isOver);
        removed.jobs += 1;
        forgotten.add(job.id);
      } else if (!isSettled(job) || isStarred(job)) {
        const { init } = specOf(job.task);
        for (const name of [init?.image, init?.mask]) if (name !== undefined) needed.add(name);
      }
    }
    return needed;
  }

  async function fateOf(jobId: string): Promise<'garbage' | 'unknown' | 'kept' | 'prunable'> {
    try {
      const job = await jobs.get(jobId);
      if (job === undefined) return forgotten.has(jobId) || (await isUnknownForLong(jobId)) ? 'garbage' : 'unknown';
      if (job.deleted === true) return 'garbage';
      if (!isSettled(job)) return 'kept';
      if (job.state !== 'delivered') return 'garbage';
      return isStarred(job) ? 'kept' : 'prunable';
    } catch {
      // What cannot be read now is not thereby worthless.
      return 'kept';
    }
  }

  async function isUnknownForLong(jobId: string): Promise<boolean> {
    const since = await unknownSince.get(jobId);
    if (since === undefined) await unknownSince.set(jobId, now);
    return since !== undefined && since < now - UNKNOWN_DAYS * DAY_MS;
  }

  async function findPictures(candidates: Candidate[]): Promise<number> {
    let keptBytes = 0;
    for await (const files of pictures.kept()) {
      await rest();
      const fate = await fateOf(files.key);
      if (fate === 'garbage') await remove({ ...files, kind: 'pictures', from: pictures });
      // Beside what is allowed: what was lost must not drive out what is there.
      else if (fate === 'unknown') removed.unknown += 1;
      else if (fate === 'kept') keptBytes += files.bytes;
      else candidates.push({ ...files, kind: 'pictures', from: pictures });
    }
    return keptBytes;
  }

  async function findInputs(candidates: Candidate[], needed: ReadonlySet<string>): Promise<number> {
    let keptBytes = 0;
    for await (const files of inputs.kept()) {
      await rest();
      // Unknown jobs may have begun from any of them.
      if (removed.unknown > 0) continue;
      if (needed.has(files.key) || files.usedAt > now - MIN_INPUT_AGE_MS) keptBytes += files.bytes;
      else candidates.push({ ...files, kind: 'inputs', from: inputs });
    }
    return keptBytes;
  }

  async function findMessages(candidates: Candidate[]): Promise<void> {
    for (const from of messages) {
      for await (const files of from.kept()) {
        await rest();
        candidates.push({ ...files, kind: 'messages', from });
      }
    }
  }

  const candidates: Candidate[] = [];
  const needed = await pruneJobs();
  let bytes = (await findPictures(candidates)) + (await findInputs(candidates, needed));
  await findMessages(candidates);
  // The newest first: from the first that is too old or does not fit, all go.
  candidates.sort((a, b) => b.usedAt - a.usedAt);
  for (const candidate of candidates) {
    bytes += candidate.bytes;
    const isOld = candidate.usedAt < now - retention.pictureDays * DAY_MS;
    if (isOld || bytes > retention.pictureBytes) await remove(candidate);
  }
  // Of pictures that are gone.
  await unknownSince.prune((since) => since < now - 2 * UNKNOWN_DAYS * DAY_MS);
  return removed;
}

function isStarred(job: Job): boolean {
  return (job.starred ?? []).length > 0;
}

/** @returns to be awaited after each piece of work; throws the signal's reason */
function createRest(signal: AbortSignal): () => Promise<void> {
  let pieces = 0;
  return async () => {
    signal.throwIfAborted();
    pieces += 1;
    if (pieces % STRETCH === 0) await sleep(REST_MS, undefined, { signal });
  };
}
