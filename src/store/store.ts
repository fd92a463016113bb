import { join } from 'node:path';
import type { Picture } from '../../engine/index.ts';
import { makePrivateFolder } from '../lib/private-files.ts';
import { explainDataFolder } from '../lib/sqlite.ts';
import { closeDatabase, createFileCheck, openDatabase } from './database.ts';
import { createGroupCommit } from './group-commit.ts';
import { createInputStore } from './input-store.ts';
import { createJobStore } from './job-store.ts';
import { LibsqlAdapter } from './libsql-adapter.ts';
import { createPictureStore } from './picture-store.ts';
import type { Store } from './port.ts';
import { createResultCache } from './result-cache.ts';
import { createSettingsStore } from './settings-store.ts';
import { createValueStore } from './value-store.ts';

/**
 * Opens the data folder for this process alone: `easel.db`, `pictures/` and `inputs/`.
 * @param encode PNG with the `parameters` text
 * @param onDamaged told of an unfinished job that cannot be read; it is skipped
 * @throws EaselError with a sentence when the folder cannot be used.
 */
export function openStore(
  dataFolder: string,
  encode: (picture: Picture) => Promise<Uint8Array>,
  onDamaged: (jobId: string) => void = () => undefined,
): Store {
  const database = openDatabase(dataFolder);
  const folders = ['pictures', 'inputs'].map((name) => join(dataFolder, name));
  try {
    for (const folder of folders) makePrivateFolder(folder);
  } catch (error) {
    closeDatabase(database);
    throw explainDataFolder(error, dataFolder);
  }
  const commit = createGroupCommit(database, createFileCheck(dataFolder));
  const createAdapter = () => new LibsqlAdapter(database, commit);
  const createAdder = () => new LibsqlAdapter(database, commit, { ifAbsent: true });
  const jobs = createJobStore(createAdapter, onDamaged);
  const values = <Value>(namespace: string) => createValueStore<Value>(namespace, createAdapter(), createAdder());
  const pictures = createPictureStore(join(dataFolder, 'pictures'), encode);
  const resultCache = createResultCache(values<string>('drawn'), jobs);
  return {
    jobs,
    pictures: {
      ...pictures,
      delete: async (jobId) => {
        await resultCache.forget(jobId);
        await pictures.delete(jobId);
      },
    },
    resultCache,
    inputs: createInputStore(join(dataFolder, 'inputs')),
    settings: createSettingsStore(createAdapter),
    values,
    close: async () => {
      await jobs.close();
      // What was asked for in this turn may still be on its way through Keyv.
      await new Promise(setImmediate);
      commit.flush();
      closeDatabase(database);
    },
  };
}
