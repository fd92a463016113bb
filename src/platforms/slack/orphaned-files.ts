import type { Logger as Log } from 'pino';
import type { ValueStore } from '../../store/port.ts';
import { SlackRequestError } from './errors.ts';
import type { WebApi } from './web-api.ts';

/** A file that Slack holds for Easel, and no message that lasts shows yet. */
export interface OrphanedFile {
  readonly fileId: string;
}

/**
 * Files that are in Slack for nothing when the process dies now: previews, and pictures whose message is still to be
 * written. They are on disk, so that the next process deletes them. What it deletes can stand on no finished message: a
 * file is let off before its message counts as written, and a message that does not count is written with files again.
 */
export interface OrphanedFiles {
  /** On disk when it resolves. */
  note(fileId: string): Promise<void>;
  /** They are shown by what lasts. On disk when it resolves. */
  keep(fileIds: readonly string[]): Promise<void>;
  has(fileId: string): boolean;
  /** Takes the file out of the workspace; what cannot be deleted now is by the next process. Never rejects. */
  remove(fileId: string): Promise<void>;
  /** Deletes what earlier processes have left. Never rejects. */
  sweep(): Promise<void>;
}

export function createOrphanedFiles(api: WebApi, files: ValueStore<OrphanedFile>, log: Log): OrphanedFiles {
  const own = new Set<string>();

  async function note(fileId: string): Promise<void> {
    if (own.has(fileId)) return;
    own.add(fileId);
    await files.set(fileId, { fileId });
  }

  async function forget(fileId: string): Promise<void> {
    await files.delete(fileId);
    own.delete(fileId);
  }

  /** False when it may still be there. */
  async function tryToDelete(fileId: string): Promise<boolean> {
    try {
      await api.run('files.delete', (client) => client.files.delete({ file: fileId }));
      return true;
    } catch (error) {
      return error instanceof SlackRequestError && GONE.includes(error.code ?? '');
    }
  }

  return {
    note,
    keep: async (fileIds) => {
      await Promise.all(fileIds.filter((fileId) => own.has(fileId)).map(forget));
    },
    has: (fileId) => own.has(fileId),
    remove: async (fileId) => {
      try {
        await note(fileId);
        if (await tryToDelete(fileId)) await forget(fileId);
      } catch (error) {
        log.warn({ file: fileId, err: error }, 'an orphaned file could not be deleted from Slack yet');
      }
    },
    sweep: async () => {
      try {
        const left: string[] = [];
        for await (const { fileId } of files.all()) if (!own.has(fileId)) left.push(fileId);
        for (const fileId of left) if (await tryToDelete(fileId)) await files.delete(fileId);
        if (left.length > 0)
          log.info({ count: left.length }, 'deleted orphaned files of an earlier process from Slack');
      } catch (error) {
        log.warn({ err: error }, 'orphaned files of an earlier process could not be deleted from Slack yet');
      }
    },
  };
}

const GONE: readonly string[] = ['file_not_found', 'file_deleted'];
