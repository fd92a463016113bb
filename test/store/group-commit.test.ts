import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transition } from '../../src/core/job-state.ts';
import { closeDatabase, openDatabase } from '../../src/store/database.ts';
import { createGroupCommit, type GroupCommit } from '../../src/store/group-commit.ts';
import { createJobStore } from '../../src/store/job-store.ts';
import { LibsqlAdapter } from '../../src/store/libsql-adapter.ts';
import type { JobStore } from '../../src/store/port.ts';
import { jobNamed, personNamed, SHOWN } from '../doubles/samples.ts';
import { runs } from '../full-run.ts';

const NAMESPACES = ['a', 'b'] as const;
/** The database refuses an entry of this key. */
const REFUSED = 'refused';

const write = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      namespace: fc.constantFrom(...NAMESPACES),
      key: fc.oneof({ weight: 30, arbitrary: fc.constantFrom('x', 'y', 'z') }, fc.constant(REFUSED)),
      value: fc.constantFrom('', '0', '{"expires":1}'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      namespace: fc.constantFrom(...NAMESPACES),
      key: fc.constantFrom('x', 'y', 'z'),
      value: fc.constantFrom('{}', '{"expires":1}'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      namespace: fc.constantFrom(...NAMESPACES),
      key: fc.constantFrom('x', 'y', 'z'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('clear' as const), namespace: fc.constantFrom(...NAMESPACES) }),
  },
);
/** What is asked for in one turn of the event loop, and whether the disk takes it. */
const turn = fc.record({
  writes: fc.array(write, { maxLength: 6 }),
  disk: fc.constantFrom('takes it', 'takes it', 'read-only', 'gone'),
});

describe('group commit', () => {
  let folder: string;
  let database: Database.Database;
  let commit: GroupCommit;
  let jobs: JobStore;
  let commits = 0;
  let isGone = false;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-commit-'));
    database = openDatabase(folder);
    database.exec(`CREATE TEMP TRIGGER refusal BEFORE INSERT ON entries WHEN NEW.key LIKE '%:${REFUSED}'
      BEGIN SELECT RAISE(ABORT, 'this key is refused'); END`);
    [commits, isGone] = [0, false];
    commit = createGroupCommit(database, () => {
      commits += 1;
      if (isGone) throw new Error('the folder is gone');
    });
    jobs = createJobStore(
      () => new LibsqlAdapter(database, commit),
      () => undefined,
    );
  });
  afterEach(() => {
    closeDatabase(database);
    rmSync(folder, { recursive: true });
  });

  function openNamespace(namespace: string): Namespace {
    const adapter = new LibsqlAdapter(database, commit);
    const adder = new LibsqlAdapter(database, commit, { ifAbsent: true });
    adapter.namespace = namespace;
    return { adapter, adder };
  }

  it('keeps what a map would keep, by the turn: all of it or nothing', async () => {
    const namespaces = { a: openNamespace('a'), b: openNamespace('b') };
    const kept = async () => {
      const entries: [string, string][] = [];
      for await (const entry of namespaces.a.adapter.iterator<string>('a')) entries.push(entry);
      for await (const entry of namespaces.b.adapter.iterator<string>('b')) entries.push(entry);
      return entries;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 12 }), async (turns) => {
        database.exec('PRAGMA query_only = OFF; DELETE FROM entries');
        let model = new Map<string, string>();
        for (const { writes, disk } of turns) {
          const next = new Map(model);
          const expected = writes.map((one) => apply(next, one));
          const stands = disk === 'takes it' && !writes.some((one) => one.kind === 'set' && one.key === REFUSED);
          isGone = disk === 'gone';
          database.exec(`PRAGMA query_only = ${disk === 'read-only' ? 'ON' : 'OFF'}`);
          const before = commits;
          const asked = writes.map((one) => ask(namespaces[one.namespace], one));
          expect(await kept()).toEqual([...model].sort());
          const results = await Promise.allSettled(asked);
          expect(results.map(({ status }) => status)).toEqual(writes.map(() => (stands ? 'fulfilled' : 'rejected')));
          if (stands) {
            expect(results.map((result) => result.status === 'fulfilled' && result.value)).toEqual(expected);
            model = next;
          }
          expect(commits - before).toBe(writes.length > 0 ? 1 : 0);
          expect(await kept()).toEqual([...model].sort());
          expect(database.inTransaction).toBe(false);
        }
      }),
      { numRuns: runs(100) },
    );
  });

  it('writes a job and all that follows from it in one transaction, and many jobs in the same', async () => {
    await jobs.put(jobNamed('first', { ...SHOWN, state: 'rendered' }));
    expect(commits).toBe(1);
    await Promise.all(Array.from({ length: 50 }, (_, index) => jobs.put(jobNamed(`job${index}`))));
    expect(commits).toBe(2);
    await jobs.update('first', (job) => ({
      ...transition(job, 'delivered', 9),
      starred: ['web:ada'],
    }));
    expect(commits).toBe(3);
    await jobs.delete('job1', () => true);
    expect(commits).toBe(4);
    expect(await jobs.unfinished()).toHaveLength(49);
    expect(await jobs.gallery(personNamed('Ada'), 'made')).toEqual(['first']);
    expect(await jobs.gallery(personNamed('Ada'), 'starred')).toEqual(['first']);
  });

  it('leaves no part of a job whose write fails in the middle', async () => {
    await jobs.put(jobNamed('before'));
    const rows = () => database.prepare('SELECT key, value FROM entries ORDER BY key').all();
    const before = rows();
    for (const part of ['jobs:%', 'unfinished:%', 'made:%']) {
      database.exec(`CREATE TEMP TRIGGER part BEFORE INSERT ON entries WHEN NEW.key LIKE '${part}'
        BEGIN SELECT RAISE(ABORT, 'this part is refused'); END`);
      await expect(jobs.put(jobNamed('new', { ...SHOWN, state: 'rendered' }))).rejects.toThrow('this part is refused');
      expect(rows()).toEqual(before);
      database.exec('DROP TRIGGER part');
    }
    await jobs.put(jobNamed('new', { ...SHOWN, state: 'rendered' }));
    expect((await jobs.unfinished()).map(({ id }) => id)).toEqual(['before', 'new']);
  });
});

type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never;

interface Namespace {
  readonly adapter: LibsqlAdapter;
  /** Sets only what is not there. */
  readonly adder: LibsqlAdapter;
}

function ask({ adapter, adder }: Namespace, one: Write): Promise<unknown> {
  switch (one.kind) {
    case 'set':
      return adapter.set(`${one.namespace}:${one.key}`, one.value);
    case 'add':
      return adder.set(`${one.namespace}:${one.key}`, one.value);
    case 'delete':
      return adapter.delete(`${one.namespace}:${one.key}`);
    case 'clear':
      return adapter.clear();
  }
}

/** What the adapter answers. */
function apply(model: Map<string, string>, one: Write): unknown {
  switch (one.kind) {
    case 'set':
      model.set(`${one.namespace}:${one.key}`, one.value);
      return true;
    case 'add': {
      const key = `${one.namespace}:${one.key}`;
      const isAbsent = (model.get(key) ?? '{"expires":1}') === '{"expires":1}';
      if (isAbsent) model.set(key, one.value);
      return isAbsent;
    }
    case 'delete':
      return model.delete(`${one.namespace}:${one.key}`);
    case 'clear':
      for (const key of [...model.keys()]) if (key.startsWith(`${one.namespace}:`)) model.delete(key);
      return undefined;
  }
}
