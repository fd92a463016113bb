import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { diskTroubleOf } from '../disk-trouble.ts';
import { EaselError } from '../errors.ts';
import { goneError } from './files.ts';

const FILE_NAME = 'easel.db';
/** Written into the file; a later version that changes the tables raises it. */
const SCHEMA_VERSION = 1;

/**
 * Opens the data folder's database and holds it for this process alone until it is closed: the operating system drops
 * the lock with the process, however that ends. A write that returned is on the disk (WAL, synchronous=FULL).
 * @throws EaselError `data_in_use`, `data_full`, `data_unwritable`, `data_unreadable` or `data_newer`, naming the folder.
 */
export function openDatabase(dataFolder: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    mkdirSync(dataFolder, { recursive: true });
    database = new Database(join(dataFolder, FILE_NAME), { timeout: 0 });
    // The order matters: only an exclusive lock taken before WAL begins keeps the other processes out.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    refuseNewer(database, dataFolder);
    refuseDamaged(database, dataFolder);
    database.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;');
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION};`);
    return database;
  } catch (error) {
    database?.close();
    throw explainDataFolder(error, dataFolder);
  }
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
    if (diskTroubleOf(error, 'held') === undefined) throw error;
  } finally {
    database.close();
  }
}

/**
 * A file that is deleted while it is open takes every write and keeps none of them.
 * @returns throws EaselError `data_gone` when the database is no longer the file that it was at this call
 */
export function createPresenceCheck(dataFolder: string): () => void {
  const path = join(dataFolder, FILE_NAME);
  const { ino } = statSync(path);
  return () => {
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) return;
    throw goneError(path);
  };
}

/** Reads every page once: about a second a gigabyte. */
function refuseDamaged(database: Database.Database, dataFolder: string): void {
  const row = database.prepare('PRAGMA quick_check(1)').get();
  const found = typeof row === 'object' && row !== null && 'quick_check' in row ? String(row.quick_check) : '';
  if (found !== 'ok') throw damaged(dataFolder, new Error(found));
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
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return damaged(dataFolder, cause);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new EaselError(
      'data_full',
      `The disk of the data folder ${dataFolder} is full; make room, or set EASEL_DATA to another folder.`,
      { cause },
    );
  }
  return new EaselError(
    'data_unwritable',
    `Easel cannot write to the data folder ${dataFolder}; make it writable, or set EASEL_DATA to another folder.`,
    { cause },
  );
}

function damaged(dataFolder: string, cause: unknown): EaselError {
  return new EaselError(
    'data_unreadable',
    `${join(dataFolder, FILE_NAME)} is not a database Easel can read; move it away or put a copy in its place, or set EASEL_DATA to another folder.`,
    { cause },
  );
}
