import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { EaselError } from '../errors.ts';

const FILE_NAME = 'easel.db';
/** Written into the file; a later version that changes the tables raises it. */
const SCHEMA_VERSION = 1;

/**
 * Opens the data folder's database and holds it for this process alone until it is closed: the operating system drops
 * the lock with the process, however that ends. A write that returned is on the disk (WAL, synchronous=FULL).
 * @throws EaselError `data_in_use`, `data_unwritable` or `data_unreadable`, naming the folder.
 */
export function openDatabase(dataFolder: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    mkdirSync(dataFolder, { recursive: true });
    database = new Database(join(dataFolder, FILE_NAME), { timeout: 0 });
    // The order matters: only an exclusive lock taken before WAL begins keeps the other processes out.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    refuseNewer(database, dataFolder);
    database.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;');
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION};`);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof EaselError ? error : explain(error, dataFolder);
  }
}

/**
 * Closes it and drops the lock at once. Closing alone would not: libsql keeps the file open until its prepared
 * statements are garbage, and SQLite leaves the exclusive lock only together with WAL.
 */
export function closeDatabase(database: Database.Database): void {
  database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL;');
  database.prepare('SELECT count(*) FROM entries').get();
  database.close();
}

function refuseNewer(database: Database.Database, dataFolder: string): void {
  const row = database.prepare('PRAGMA user_version').get();
  const version = typeof row === 'object' && row !== null && 'user_version' in row ? Number(row.user_version) : 0;
  if (version <= SCHEMA_VERSION) return;
  throw new EaselError(
    'data_newer',
    `The data folder ${dataFolder} was written by a newer Easel; run that version, or set EASEL_DATA to another folder.`,
  );
}

function explain(cause: unknown, dataFolder: string): EaselError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new EaselError(
      'data_in_use',
      `Another Easel is using the data folder ${dataFolder}; stop it, or set EASEL_DATA to another folder.`,
      { cause },
    );
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new EaselError(
      'data_unreadable',
      `${join(dataFolder, FILE_NAME)} is not a database Easel can read; move it away, or set EASEL_DATA to another folder.`,
      { cause },
    );
  }
  return new EaselError(
    'data_unwritable',
    `Easel cannot write to the data folder ${dataFolder}; make it writable, or set EASEL_DATA to another folder.`,
    { cause },
  );
}
