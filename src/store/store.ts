import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Picture } from '../../engine/index.ts';
import { closeDatabase, createPresenceCheck, explainDataFolder, openDatabase } from './database.ts';
import { createInputStore } from './inputs.ts';
import { createJobStore } from './jobs.ts';
import { LibsqlAdapter } from './libsql-adapter.ts';
import { openNamespace } from './namespace.ts';
import { createPictureStore } from './pictures.ts';
import type { InputStore, JobStore, PictureStore, SettingsStore, ValueStore } from './port.ts';
import { createSettingsStore } from './settings.ts';
import { createValueStore } from './values.ts';

export interface Store {
  readonly jobs: JobStore;
  readonly pictures: PictureStore;
  readonly inputs: InputStore;
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
    for (const folder of folders) mkdirSync(folder, { recursive: true });
  } catch (error) {
    closeDatabase(database);
    throw explainDataFolder(error, dataFolder);
  }
  const assertPresent = createPresenceCheck(dataFolder);
  const createAdapter = () => new LibsqlAdapter(database, assertPresent);
  const jobs = createJobStore(createAdapter, onDamaged);
  return {
    jobs,
    pictures: createPictureStore(join(dataFolder, 'pictures'), encode),
    inputs: createInputStore(join(dataFolder, 'inputs')),
    settings: createSettingsStore(createAdapter),
    values: <Value>(namespace: string) => createValueStore<Value>(openNamespace(namespace, createAdapter())),
    close: async () => {
      await jobs.close();
      closeDatabase(database);
    },
  };
}
