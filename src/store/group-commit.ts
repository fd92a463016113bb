import type Database from 'libsql';
import { transact } from '../lib/sqlite.ts';

/**
 * Group commit: whatever is written in one turn of the event loop, by whomever, is one transaction, in the order of the
 * calls, and reaches the disk with one sync. It stands whole or not at all, whenever the process or the power ends.
 * Until it stands nobody reads it.
 */
export interface GroupCommit {
  /**
   * @returns how many rows it changed, once they are on the disk
   * @throws what the disk or the database had against the transaction, to everyone who had a part in it
   */
  write(sql: string, ...values: readonly string[]): Promise<number>;
  /** Commits at once what waits for the end of this turn. */
  flush(): void;
}

interface Write {
  readonly sql: string;
  readonly values: readonly string[];
  readonly resolve: (changes: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param database nobody else writes to it
 * @param beforeCommit what it throws, the transaction fails with
 */
export function createGroupCommit(
  database: Database.Database,
  beforeCommit: () => void = () => undefined,
): GroupCommit {
  let group: Write[] = [];

  function flush(): void {
    const writes = group;
    group = [];
    if (writes.length === 0) return;
    try {
      beforeCommit();
      const changes = transact(database, () =>
        writes.map(({ sql, values }) => database.prepare(sql).run(...values).changes),
      );
      for (const [index, { resolve }] of writes.entries()) resolve(changes[index] ?? 0);
    } catch (error) {
      for (const { reject } of writes) reject(error);
    }
  }

  return {
    write: (sql, ...values) =>
      new Promise((resolve, reject) => {
        // After the promises that can go on now: theirs belong to this turn, too.
        if (group.length === 0) setImmediate(flush);
        group.push({ sql, values, resolve, reject });
      }),
    flush,
  };
}
