import { join } from 'node:path';
import type { Picture } from '../../engine/index.ts';
import { makePrivateFolder } from '../private-files.ts';
import { explainDataFolder } from '../sqlite.ts';
import { closeDatabase, createPresenceCheck, openDatabase } from './database.ts';
import { createDrawnStore } from './drawn.ts';
import { createGroupCommit } from './group-commit.ts';
import { createInputStore } from './inputs.ts';
import { createJobStore } from './jobs.ts';
import { LibsqlAdapter } from './libsql-adapter.ts';
import { openNamespace } from './namespace.ts';
import { createPictureStore } from './pictures.ts';
import type { DrawnStore, InputStore, JobStore, PictureStore, SettingsStore, ValueStore } from './port.ts';
import { createSettingsStore } from './settings.ts';
import { createValueStore } from './values.ts';

export interface Store {
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly inputs: InputStore;
  readonly drawn: DrawnStore;
  readonly settings: SettingsStore;
  /** Of one kind; what lies in a namespace is always of that type. */
  values<Value>(namespace: string): ValueStore<Value>;
  /** Lets the next process have the data folder. */
  close(): Promise<void>;
}

/**
 * Opens the data folder for this process alone: `easel.db`, `pictures/` and `inputs/`.
 * @param encode PNG with the `parameters` text
 * @param onDamaged told of an unfinished job that cannot be read; it is passed over
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
  const commit = createGroupCommit(database, createPresenceCheck(dataFolder));
  const createAdapter = () => new LibsqlAdapter(database, commit);
  const jobs = createJobStore(createAdapter, onDamaged);
  const values = <Value>(namespace: string) => createValueStore<Value>(openNamespace(namespace, createAdapter()));
  const pictures = createPictureStore(join(dataFolder, 'pictures'), encode);
  const drawn = createDrawnStore(values<string>('drawn'), jobs);
  return {
    jobs,
    pictures: {
      ...pictures,
      delete: async (jobId) => {
        await drawn.forget(jobId);
        await pictures.delete(jobId);
      },
    },
    drawn,
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
