import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EaselError } from '../core/errors.ts';
import { PRIVATE_FILE } from './private-files.ts';

/**
 * Writes files into one folder: under its final name a file is never half written, and when this resolves a power cut
 * undoes none of them. The folder is synced once for all.
 * @param files bytes by name
 * @throws EaselError `data_gone` when the folder is not there
 */
export async function writeAtomically(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const parts = new Map<string, string>();
  for (const name of files.keys()) parts.set(name, join(folder, `${name}.${randomBytes(4).toString('hex')}.part`));
  try {
    await settleAll(files, ([name, bytes]) => writePart(parts.get(name) ?? '', bytes));
    await settleAll(parts, ([name, part]) => rename(part, join(folder, name)));
    await syncFolder(folder);
  } catch (error) {
    await settleAll(parts.values(), (part) => rm(part, { force: true })).catch(() => undefined);
    throw codeOf(error) === 'ENOENT' ? goneError(folder) : error;
  }
}

async function writePart(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** All at once; ends when nothing is under way any more. @throws the first error of them */
async function settleAll<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  for (const result of await Promise.allSettled(Array.from(items, work))) {
    if (result.status === 'rejected') throw result.reason;
  }
}

/** A new name in a folder survives a power cut when the folder has been written, too; Windows sees to it by itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Of a file system error. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** @param path what is gone, for the log */
export function goneError(path: string): EaselError {
  return new EaselError('data_gone', 'The picture folder is missing; try again when it is back.', {
    retryable: true,
    cause: new Error(`${path} is not there any more`),
  });
}

/** Undefined when there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
