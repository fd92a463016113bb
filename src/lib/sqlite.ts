import { dirname } from 'node:path';
import Database from 'libsql';
import { EaselError } from '../core/errors.ts';
import { makePrivateFile, makePrivateFolder } from './private-files.ts';

/** A database in the data folder. */
export interface SqliteFile {
  readonly path: string;
  /** Named in sentences. */
  readonly dataFolder: string;
  /** Makes what is not there. */
  readonly schema: string;
  /** Of the schema, written into the file; a later version of Easel that changes the tables raises it. */
  readonly version: number;
  /** Held for this process alone: the operating system drops the lock with the process, however that ends. */
  readonly isExclusive?: boolean;
}

/**
 * Opens a database and looks through it once. A write that returned is on the disk (WAL, synchronous=FULL).
 * @throws EaselError `data_in_use`, `data_full`, `data_unwritable`, `data_unreadable` or `data_newer`, naming the folder.
 */
export function openSqlite(file: SqliteFile): Database.Database {
  let database: Database.Database | undefined;
  try {
    makePrivateFolder(dirname(file.path));
    // SQLite gives the files beside it (-wal, -shm, -journal) the rights of the database.
    makePrivateFile(file.path);
    database = new Database(file.path, { timeout: 0 });
    // The order matters: only an exclusive lock taken before WAL begins keeps the other processes out.
    if (file.isExclusive) database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    refuseNewer(database, file);
    refuseDamaged(database, file);
    database.exec(file.schema);
    database.exec(`PRAGMA user_version = ${file.version};`);
    return database;
  } catch (error) {
    database?.close();
    throw explain(error, file);
  }
}

/** All that `work` writes, or nothing when it throws. */
export function transact<Result>(database: Database.Database, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // After some errors SQLite has done so itself.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Reads every page once: about a second a gigabyte. */
function refuseDamaged(database: Database.Database, file: SqliteFile): void {
  const row = database.prepare('PRAGMA quick_check(1)').get();
  const found = typeof row === 'object' && row !== null && 'quick_check' in row ? String(row.quick_check) : '';
  if (found !== 'ok') throw damaged(file, new Error(found));
}

function refuseNewer(database: Database.Database, { version, dataFolder }: SqliteFile): void {
  const row = database.prepare('PRAGMA user_version').get();
  const found = typeof row === 'object' && row !== null && 'user_version' in row ? Number(row.user_version) : 0;
  if (found <= version) return;
  throw new EaselError(
    'data_newer',
    `The data folder ${dataFolder} was written by a newer Easel; run that version, or set EASEL_DATA to another folder.`,
  );
}

function explain(cause: unknown, file: SqliteFile): EaselError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return damaged(file, cause);
  return explainDataFolder(cause, file.dataFolder);
}

/** Why the data folder cannot be used, in a sentence that names it. */
export function explainDataFolder(cause: unknown, dataFolder: string): EaselError {
  if (cause instanceof EaselError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new EaselError(
      'data_in_use',
      `Another Easel is using the data folder ${dataFolder}; stop it, or set EASEL_DATA to another folder.`,
      { cause },
    );
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new EaselError(
      'data_full',
      `The disk of the data folder ${dataFolder} is full; free some space, or set EASEL_DATA to another folder.`,
      { cause },
    );
  }
  return new EaselError(
    'data_unwritable',
    `Easel cannot write to the data folder ${dataFolder}; make it writable, or set EASEL_DATA to another folder.`,
    { cause },
  );
}

function damaged({ path }: SqliteFile, cause: unknown): EaselError {
  return new EaselError(
    'data_unreadable',
    `${path} is not a database that Easel can read; move it away, restore a backup, or set EASEL_DATA to another folder.`,
    { cause },
  );
}
