import fc from 'fast-check';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { EngineError, specOf } from '../../engine/index.ts';
import { withoutPixels } from '../../src/app/runner.ts';
import { taskDigest } from '../../src/core/task-digest.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import type { QueueStore } from '../../src/queue/local-queue-options.ts';
import type { JobOutcome } from '../../src/queue/port.ts';
import { createGroupCommit } from '../../src/store/group-commit.ts';
import { createJobStore } from '../../src/store/job-store.ts';
import { LibsqlAdapter } from '../../src/store/libsql-adapter.ts';
import { createResultCache } from '../../src/store/result-cache.ts';
import { createControlledEngine } from '../doubles/controlled-engine.ts';
import { createMemoryValueStore } from '../doubles/memory-value-store.ts';
import { pendingOf } from '../doubles/queue-reading.ts';
import { personNamed, taskWith } from '../doubles/samples.ts';

/** Few tasks and people, so that much is shared. */
const move = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      user: fc.constantFrom('A', 'B', 'C'),
      seed: fc.nat(4),
      channelId: fc.constantFrom('here', 'there'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      pick: fc.nat(),
      end: fc.constantFrom('finish', 'finish', 'refuse', 'crash'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const), pick: fc.nat() }) },
);

/** Lets everything that is under way settle. */
const settle = async () => {
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
};

function openMemory(pictures: Set<string>): QueueStore & { deletePictures(jobId: string): Promise<void> } {
  const database = new Database(':memory:');
  database.exec('CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
  const commit = createGroupCommit(database);
  const jobs = createJobStore(
    () => new LibsqlAdapter(database, commit),
    () => undefined,
  );
  const drawn = createResultCache(createMemoryValueStore<string>(), jobs);
  const deletePictures = async (jobId: string) => {
    await drawn.forget(jobId);
    pictures.delete(jobId);
  };
  const copy = async (from: string, to: string) => pictures.has(from) && pictures.add(to).has(to);
  return {
    jobs,
    resultCache: drawn,
    deletePictures,
    pictures: { copy, delete: deletePictures },
    values: () => createMemoryValueStore(),
  };
}

describe('shared work, whatever happens', () => {
  it('ends every accepted job exactly once, with its pictures, and never draws a task twice at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 15, maxLength: 50, size: 'max' }),
        fc.integer({ min: 1, max: 2 }),
        async (moves, slots) => {
          const pictures = new Set<string>();
          const store = openMemory(pictures);
          const engine = createControlledEngine();
          const live = new Map<number, string>();
          const limits = { maxWaiting: 1000, maxWaitingPerUser: 1000 };
          const explain = (error: unknown) => {
            if (!(error instanceof EngineError) && !(error instanceof Error && 'userMessage' in error)) throw error;
            return { code: 'trouble', userMessage: 'trouble' };
          };
          const queue = createLocalQueue({ store, limits, explain, capacity: { slots } });
          const outcomes: JobOutcome[] = [];
          queue.onOutcome((outcome) => outcomes.push(outcome));
          await queue.work(async (job, options) => {
            const digest = taskDigest(job.task);
            expect([...live.values()]).not.toContain(digest);
            const index = engine.runs.length;
            live.set(index, digest);
            try {
              const result = await engine.run(job.task, options);
              pictures.add(job.id);
              return withoutPixels(result);
            } finally {
              live.delete(index);
            }
          });
          const end = (pick: number, how: string) => {
            const index = [...live.keys()][pick % Math.max(1, live.size)];
            const run = index === undefined ? undefined : engine.runs[index];
            if (how === 'finish') run?.finish();
            else run?.fail(new EngineError(how === 'crash' ? 'engine_crashed' : 'bad_request', 'No.'));
          };
          const accepted: string[] = [];
          for (const [i, move] of moves.entries()) {
            if (move.kind === 'submit') {
              const { user, seed, channelId } = move;
              const channel = { platform: 'web', channelId } as const;
              const draft = { requestId: `${i}`, owner: personNamed(user), channel, task: taskWith({ seed }) };
              const { job, isNew } = await queue.submit(draft);
              if (isNew) accepted.push(job.id);
            }
            if (move.kind === 'cancel') await queue.cancel(accepted[move.pick % Math.max(1, accepted.length)] ?? '');
            if (move.kind === 'run') end(move.pick, move.end);
            if (move.kind === 'prune') {
              const ended = outcomes[move.pick % Math.max(1, outcomes.length)]?.job.id ?? '';
              await store.deletePictures(ended);
            }
            if (move.kind !== 'submit') await settle();
          }
          for (let round = 0; (await pendingOf(queue)).length > 0 && round < 200; round += 1) {
            end(0, 'finish');
            await settle();
          }
          await settle();
          // A job that was rendered may be cancelled until it is delivered, which nobody does here.
          const ends = outcomes.filter(({ kind, job }) => kind !== 'rendered' || !isCancelledLater(job.id));
          expect(ends.map(({ job }) => job.id).toSorted()).toEqual(accepted.toSorted());
          for (const { kind, job } of ends) expect((await store.jobs.get(job.id))?.state).toBe(kind);
          for (const { job } of ends.filter(({ kind }) => kind === 'rendered')) {
            expect(job.pictures.map(({ recipe }) => specOf(recipe).seed)).toEqual([specOf(job.task).seed]);
          }
          await queue.close();

          function isCancelledLater(jobId: string): boolean {
            return outcomes.some(({ kind, job }) => kind === 'cancelled' && job.id === jobId);
          }
        },
      ),
      { numRuns: 80 },
    );
  });
});
