import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEngineError } from '../../engine/index.ts';
import { EaselError } from '../../src/core/errors.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import type { ExplainFailure } from '../../src/queue/port.ts';
import { openStore } from '../../src/store/store.ts';
import { type QueueSetup, type QueueUnderTest, testJobQueue } from '../contracts/job-queue/index.ts';

const explain: ExplainFailure = (error) => {
  if (isEngineError(error) || error instanceof EaselError) return { code: error.code, userMessage: error.message };
  throw error;
};

async function open(setup: QueueSetup, folder = mkdtempSync(join(tmpdir(), 'easel-queue-'))): Promise<QueueUnderTest> {
  const store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
  const queue = createLocalQueue({ store, explain, ...setup });
  const letGo = async () => {
    await queue.close();
    await store.close();
  };
  return {
    queue,
    store: store.jobs,
    pictures: store.pictures,
    restart: async () => {
      await letGo();
      return open(setup, folder);
    },
    die: async () => {
      await store.close();
      return open(setup, folder);
    },
    close: async () => {
      await letGo();
      rmSync(folder, { recursive: true });
    },
  };
}

testJobQueue('the local queue', open);
