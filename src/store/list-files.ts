import { opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that lie in a folder itself, whatever else happens there meanwhile. */
export interface FoundFile {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** @param startedAt when this process took hold of the data: a part that is older was left by another, and is removed */
export async function* filesIn(folder: string, startedAt: number): AsyncGenerator<FoundFile, void> {
  for await (const { name } of await opendir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || !found.isFile()) continue;
    if (!name.endsWith('.part')) yield { name, bytes: found.size, changedAt: found.mtimeMs };
    else if (found.mtimeMs < startedAt) await rm(path, { force: true });
  }
}
