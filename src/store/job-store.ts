import type { KeyvStoreAdapter } from 'keyv';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isSettled } from '../core/job-state.ts';
import { openNamespace } from './namespace.ts';
import type { JobStore } from './port.ts';
import { createUserGallery } from './user-gallery.ts';

/**
 * Jobs in Keyv. `jobs:<id>` holds each job, `unfinished:<id>` marks those that a restart must look at, and the shelves
 * say what each person made and starred. All that changes of one job is asked for in one turn of the event loop.
 * @param createAdapter a fresh adapter for each namespace, on one store that writes what is asked for in one turn whole
 *   or not at all
 * @param onDamaged told of a job that should be taken up and cannot be read: it is skipped, and stays as it is
 */
export function createJobStore(createAdapter: () => KeyvStoreAdapter, onDamaged: (jobId: string) => void): JobStore {
  const jobs = openNamespace<Job>('jobs', createAdapter());
  const unfinished = openNamespace<true>('unfinished', createAdapter());
  const userGallery = createUserGallery(createAdapter);
  /** The last write of each job under way; the next waits for it. */
  const writes = new Map<string, Promise<unknown>>();

  function inTurn<Result>(jobId: string, write: () => Promise<Result>): Promise<Result> {
    const before = writes.get(jobId) ?? Promise.resolve();
    const mine = before.then(write, write);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    writes.set(jobId, settled);
    void settled.then(() => {
      if (writes.get(jobId) === settled) writes.delete(jobId);
    });
    return mine;
  }

  async function write(job: Job, before: Job | undefined): Promise<void> {
    const marked = isSettled(job) ? unfinished.delete(job.id) : unfinished.set(job.id, true);
    await Promise.all([jobs.set(job.id, job), marked, userGallery.move(job, before)]);
  }

  async function read(jobId: string): Promise<Job | undefined> {
    try {
      return await jobs.get(jobId);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      const sentence = 'The stored record of this picture is damaged; use `/imagine` to make a new one.';
      throw new EaselError('job_damaged', sentence, { cause });
    }
  }

  async function readUnlessDamaged(jobId: string): Promise<Job | undefined> {
    try {
      return await read(jobId);
    } catch (error) {
      if (!(error instanceof EaselError)) throw error;
      onDamaged(jobId);
      return undefined;
    }
  }

  return {
    get: read,
    put: (job) => inTurn(job.id, async () => write(job, await read(job.id))),
    update: (jobId, change) =>
      inTurn(jobId, async () => {
        const before = await read(jobId);
        if (before === undefined) return undefined;
        const after = change(before);
        if (after !== before) await write(after, before);
        return after;
      }),
    unfinished: async () => {
      const found: Job[] = [];
      for await (const [jobId] of unfinished.iterator?.({}) ?? []) {
        const job = await readUnlessDamaged(String(jobId));
        // Data folders of the first versions may hold marks of jobs that are settled.
        if (job !== undefined && !isSettled(job)) found.push(job);
      }
      return found.sort((a, b) => a.createdAt - b.createdAt);
    },
    gallery: (user, gallery) => userGallery.list(user, gallery),
    all: async function* () {
      for await (const [jobId] of jobs.iterator?.({}) ?? []) {
        const job = await read(String(jobId)).catch(() => undefined);
        if (job !== undefined) yield job;
      }
    },
    delete: (jobId, may) =>
      inTurn(jobId, async () => {
        const job = await read(jobId);
        if (job === undefined || !may(job)) return;
        await Promise.all([jobs.delete(jobId), unfinished.delete(jobId), userGallery.move(undefined, job)]);
      }),
    close: async () => {
      await Promise.all(writes.values());
    },
  };
}
