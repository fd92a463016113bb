import { statSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'libsql';
import { goneError } from '../lib/atomic-files.ts';
import { diskErrorOf } from '../lib/disk-errors.ts';
import { openSqlite } from '../lib/sqlite.ts';

const FILE_NAME = 'easel.db';
const SCHEMA_VERSION = 1;
const SCHEMA = 'CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;';

/**
 * Opens the data folder's database and holds it, and with it the data folder, for this process alone until it is closed.
 * @throws EaselError as `openSqlite` does
 */
export function openDatabase(dataFolder: string): Database.Database {
  const path = join(dataFolder, FILE_NAME);
  return openSqlite({ path, dataFolder, schema: SCHEMA, version: SCHEMA_VERSION, isExclusive: true });
}

/**
 * Closes it and drops the lock at once. Closing alone would not: libsql keeps the file open until its prepared
 * statements are garbage, and SQLite leaves the exclusive lock only together with WAL.
 */
export function closeDatabase(database: Database.Database): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL;');
    database.prepare('SELECT count(*) FROM entries').get();
  } catch (error) {
    // On a full or failing disk the lock goes with the process, and what was written is in the WAL.
    if (diskErrorOf(error, 'held') === undefined) throw error;
  } finally {
    database.close();
  }
}

/**
 * A file that is deleted while it is open takes every write and keeps none of them.
 * @returns throws EaselError `data_gone` when the database is no longer the file that it was at this call
 */
export function createFileCheck(dataFolder: string): () => void {
  const path = join(dataFolder, FILE_NAME);
  const { ino } = statSync(path);
  return () => {
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) return;
    throw goneError(path);
  };
}
