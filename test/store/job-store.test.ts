import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/store/store.ts';
import { type StoreUnderTest, testJobStore } from '../contracts/job-store.ts';

async function open(folder = mkdtempSync(join(tmpdir(), 'easel-jobs-'))): Promise<StoreUnderTest> {
  const store = openStore(folder, async () => new Uint8Array());
  return {
    store: store.jobs,
    restart: async () => {
      await store.close();
      return open(folder);
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

testJobStore('keyv on libsql', open);
