import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';

/** A pipe is opened without waiting for somebody to write to it; Windows has no such pipes among its files. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file for reading. What bears its name and is none is refused: a pipe would never answer, a device never end.
 * @throws EngineError `missing_file` or `corrupt_file`, saying what is wrong with it
 */
export async function openPlainFile(path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  const handle = await open(path, READ).catch((cause: unknown) => {
    throw unopened(path, cause);
  });
  try {
    const found = await handle.stat();
    if (found.isFile()) return { handle, size: found.size };
    throw notPlain(path, found.isDirectory());
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * All of a small text file.
 * @param maxBytes a larger file is not what its name says
 * @throws EngineError as `openPlainFile` does
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<string> {
  const { handle, size } = await openPlainFile(path);
  try {
    if (size > maxBytes) {
      throw new EngineError(
        'corrupt_file',
        `${displayPath(path)} has ${size} bytes, which is too large for this kind of file.`,
        {
          file: path,
        },
      );
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function unopened(path: string, cause: unknown): EngineError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  // As Windows answers.
  if (code === 'EISDIR') return notPlain(path, true);
  const why =
    code === 'EACCES' || code === 'EPERM'
      ? 'cannot be read by the user that runs Easel; change its permissions.'
      : 'cannot be opened; check that it is complete and readable.';
  return new EngineError('missing_file', `The file ${displayPath(path)} ${why}`, { file: path }, cause);
}

function notPlain(path: string, isFolder: boolean): EngineError {
  const what = isFolder ? 'a folder' : 'a pipe or a device';
  return new EngineError('corrupt_file', `${displayPath(path)} is ${what}, not a file; rename or remove it.`, {
    file: path,
  });
}
