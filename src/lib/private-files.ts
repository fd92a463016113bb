import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { chmod, lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What people asked for is nobody else's business: the owner alone may look. Windows passes these over. */
export const PRIVATE_FOLDER = 0o700;
/** Mode of a file that its owner alone may read and write. */
export const PRIVATE_FILE = 0o600;

/** Everything in the data folder that is Easel's own; what else lies there is left alone. */
const OWN = /^(easel\.db(-\w+)?|pictures|inputs|web)$/;
const OTHERS = 0o077;
/** Of a folder that all users of a machine share, as `/tmp`. */
const STICKY = 0o1000;

/** Makes a folder, and those above it that are not there, for the owner alone. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
}

/** Makes an empty file for the owner alone; one that is there is tightened where that is allowed. */
export function makePrivateFile(path: string): void {
  closeSync(openSync(path, 'a', PRIVATE_FILE));
  if (process.platform === 'win32' || (statSync(path).mode & OTHERS) === 0) return;
  try {
    chmodSync(path, PRIVATE_FILE);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

/**
 * Takes from everybody but the owner what an earlier version let them do in the data folder. Links are not followed.
 * @returns what could not be tightened, because it belongs to somebody else or the file system knows no such rights
 */
export async function tightenDataFolder(dataFolder: string): Promise<readonly string[]> {
  if (process.platform === 'win32') return [];
  const loose: string[] = [];

  async function tighten(path: string, mode: number): Promise<void> {
    const { mode: before } = await stat(path);
    if ((before & OTHERS) === 0) return;
    try {
      if ((before & STICKY) !== 0) throw Object.assign(new Error('shared'), { code: 'EPERM' });
      await chmod(path, mode);
      // Some file systems take the change and forget it.
      if (((await stat(path)).mode & OTHERS) !== 0) loose.push(path);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      loose.push(path);
    }
  }

  async function tightenAll(path: string): Promise<void> {
    const found = await lstat(path);
    if (found.isFile()) await tighten(path, PRIVATE_FILE);
    if (!found.isDirectory()) return;
    await tighten(path, PRIVATE_FOLDER);
    for (const name of await readdir(path)) await tightenAll(join(path, name)).catch(ignoreGone);
  }

  const names = await readdir(dataFolder).catch(() => undefined);
  // It is made later, or what opens it says why it cannot be used.
  if (names === undefined) return [];
  await tighten(dataFolder, PRIVATE_FOLDER);
  for (const name of names) if (OWN.test(name)) await tightenAll(join(dataFolder, name)).catch(ignoreGone);
  return loose;
}

function isRefusal(error: unknown): boolean {
  return hasCode(error, 'EPERM', 'EROFS', 'ENOTSUP', 'EACCES', 'EINVAL', 'ENOSYS');
}

function ignoreGone(error: unknown): void {
  if (!hasCode(error, 'ENOENT') && !isRefusal(error)) throw error;
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
