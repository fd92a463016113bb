import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';
import { exists } from '../model/config-file.ts';

/**
 * One repository in the cache that Python's huggingface_hub shares: `blobs/` by content, `snapshots/COMMIT/` with links
 * to them, `refs/REVISION` with the commit that a branch or tag stood for.
 */
export class HubCache {
  readonly #folder: string;

  constructor(cacheFolder: string, repo: string) {
    this.#folder = join(cacheFolder, getRepoFolderName({ type: 'model', name: repo }));
  }

  /** The commit that a revision stood for when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const text = await readFile(join(this.#folder, 'refs', revision), 'utf8').catch(() => undefined);
    return text !== undefined && /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : undefined;
  }

  async rememberCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const file = join(this.#folder, 'refs', revision);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, commit);
  }

  snapshot(commit: string): string {
    return join(this.#folder, 'snapshots', commit);
  }

  blob(etag: string): string {
    return join(this.#folder, 'blobs', etag);
  }

  /** Puts a finished blob under its name. Where links are not allowed, as on Windows, a copy has to do. */
  async link(commit: string, path: string, etag: string): Promise<void> {
    const file = join(this.snapshot(commit), path);
    if (await exists(file)) return;
    await mkdir(dirname(file), { recursive: true });
    await symlink(relative(dirname(file), this.blob(etag)), file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      await copyFile(this.blob(etag), file);
    });
  }
}
