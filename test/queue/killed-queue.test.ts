import { fileURLToPath } from 'node:url';
import { openStore } from '../../src/store/store.ts';
import { testKilledQueue } from '../contracts/killed-queue.ts';

const SCRIPT = fileURLToPath(new URL('../doubles/queue-process.ts', import.meta.url));

testKilledQueue('the local queue', SCRIPT, async (folder) => {
  const store = openStore(folder, async () => new Uint8Array());
  try {
    return await store.jobs.unfinished();
  } finally {
    await store.close();
  }
});
