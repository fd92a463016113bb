import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineHost, GenerationSpec } from '../../engine/index.ts';
import { createRunner } from '../../src/app/runner.ts';
import type { User } from '../../src/core/user.ts';
import { encodePng } from '../../src/image/encode.ts';
import type { Capacity } from '../../src/queue/capacity.ts';
import { costOf } from '../../src/queue/cost.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import { openStore } from '../../src/store/store.ts';

export interface Crowd {
  readonly users: number;
  /** Of each user, all given to the queue at once. */
  readonly requests: number;
  /** What all of them ask for, each with a seed of their own. */
  readonly spec: GenerationSpec;
}

/** What became of one crowd. Times are milliseconds from the moment all had asked. */
export interface CrowdResult {
  readonly pictures: number;
  readonly totalMs: number;
  /** Processor time of the engine, all its threads together; NaN where the system does not tell. */
  readonly cpuMs: number;
  /** Of each request: until the engine began it, and until its pictures were on disk. */
  readonly begunMs: readonly number[];
  readonly doneMs: readonly number[];
  /** Work that each user had been given when the first of them had all their pictures. */
  readonly shares: readonly number[];
}

/** Has a crowd served by the real queue, engine and store, in a data folder of its own. */
export async function serveCrowd(engine: EngineHost, crowd: Crowd, capacity: Capacity): Promise<CrowdResult> {
  const folder = await mkdtemp(join(tmpdir(), 'easel-bench-'));
  const store = openStore(folder, (picture) => encodePng(picture, ''));
  const many = { maxWaiting: Number.POSITIVE_INFINITY, maxWaitingPerUser: Number.POSITIVE_INFINITY };
  const queue = createLocalQueue({ store, limits: many, capacity, explain: fail });
  try {
    for (let round = 0; round < crowd.requests; round += 1) {
      for (let number = 0; number < crowd.users; number += 1) {
        const spec = { ...crowd.spec, seed: round * crowd.users + number };
        const requestId = `${number}-${round}`;
        const channel = { platform: 'web', channelId: 'bench' } as const;
        await queue.submit({ requestId, owner: userOf(number), channel, task: { kind: 'generate', spec } });
      }
    }
    const cpuBefore = cpuMsOf(engine.pid);
    const served = await watch(queue, crowd, () => queue.work(createRunner(engine, store)));
    return { ...served, cpuMs: cpuMsOf(engine.pid) - cpuBefore };
  } finally {
    await queue.close();
    await store.close();
    await rm(folder, { recursive: true });
  }
}

function watch(
  queue: ReturnType<typeof createLocalQueue>,
  crowd: Crowd,
  work: () => Promise<void>,
): Promise<Omit<CrowdResult, 'cpuMs'>> {
  const begun = new Map<string, number>();
  const doneMs: number[] = [];
  /** Work of each user, by user id, and of each of their requests. */
  const given = new Map<string, Map<string, number>>();
  let shares: readonly number[] | undefined;
  let pictures = 0;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    queue.onProgress((job, { step, steps }) => {
      if (!begun.has(job.id)) begun.set(job.id, performance.now() - startedAt);
      const ofUser = given.get(job.owner.id) ?? new Map<string, number>();
      ofUser.set(job.id, steps > 0 ? (costOf(job.task) * step) / steps : 0);
      given.set(job.owner.id, ofUser);
    });
    queue.onOutcome(({ kind, job }) => {
      if (kind !== 'rendered') {
        reject(new Error(job.failure?.userMessage ?? kind));
        return;
      }
      doneMs.push(performance.now() - startedAt);
      pictures += job.pictures.length;
      given.get(job.owner.id)?.set(job.id, costOf(job.task));
      const ended = [...(given.get(job.owner.id)?.values() ?? [])].filter((cost) => cost === costOf(job.task)).length;
      if (ended === crowd.requests) shares ??= Array.from({ length: crowd.users }, (_, i) => workOf(given.get(`${i}`)));
      if (doneMs.length < crowd.users * crowd.requests) return;
      resolve({ pictures, totalMs: Math.max(...doneMs), begunMs: [...begun.values()], doneMs, shares: shares ?? [] });
    });
    work().catch(reject);
  });
}

const userOf = (number: number): User => ({ platform: 'web', id: `${number}`, name: `${number}` });

function workOf(given: ReadonlyMap<string, number> | undefined): number {
  return [...(given?.values() ?? [])].reduce((sum, cost) => sum + cost, 0);
}

/** Linux counts in hundredths of a second: fields 14 and 15 of /proc/PID/stat, counted behind the process's name. */
function cpuMsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

function fail(error: unknown): never {
  throw error;
}
